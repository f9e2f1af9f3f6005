import type { Command } from "commander";

/** Ends the process with this code, once everything is closed. */
export type Exit = (exitCode: number) => void;

/** The options of every verb. */
export interface Common {
  json?: boolean;
}

/** Adds a verb to a command: its help ends with an example. */
export function verb(parent: Command, name: string, description: string, example: string): Command {
  return parent
    .command(name)
    .description(description)
    .option("--json", "one JSON object on stdout")
    .addHelpText("after", exampleText(example));
}

/** What the help of a command ends with. */
export function exampleText(example: string): string {
  return `\nExample:\n  ${example.replaceAll("\n", "\n  ")}\n`;
}
