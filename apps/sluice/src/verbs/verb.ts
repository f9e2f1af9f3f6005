import type { Command } from "commander";
import { createTerminal, type Terminal } from "../terminal/terminal.ts";

/** Ends the process with this code, once everything is closed. */
export type Exit = (exitCode: number) => void;

/** What every verb takes. */
export interface Common {
  json?: boolean;
}

/** Of verbs that are about one account, or one connector. */
export const ACCOUNT = ["--account <name>", "which account"] as const;
export const CONNECTOR = [
  "--connector <name>",
  "which connector; the only one need not be named",
] as const;

/** Adds a verb to a command, with what every one has: its help ends with an example. */
export function verb(parent: Command, name: string, description: string, example: string): Command {
  return parent
    .command(name)
    .description(description)
    .option("--json", "one JSON object on stdout")
    .option("--config <file>", "instead of SLUICE_CONFIG or sluice.yaml")
    .addHelpText("after", exampleText(example));
}

/** What the help of a command ends with. */
export function exampleText(example: string): string {
  return `\nExample:\n  ${example.replaceAll("\n", "\n  ")}\n`;
}

/** Where a verb writes. */
export function terminalOf(options: Common): Terminal {
  return createTerminal(options.json === true);
}
