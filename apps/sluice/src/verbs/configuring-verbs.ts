import type { Command } from "commander";
import { checkConfig, init, printSchema } from "../commands/config.ts";
import { disable, enable, listConnectors, showConnector } from "../commands/connectors.ts";
import { USUAL_FILE } from "../config/find-file.ts";
import type { Choice } from "../settings.ts";
import { ACCOUNT, terminalOf, verb, type Common, type Exit } from "./verb.ts";

/** `init`, `config` and `connectors`. */
export function addConfiguring(program: Command, exit: Exit): void {
  verb(program, "init", "write a first sluice.yaml, with everything explained", "sluice init")
    .argument("[file]", "where to", USUAL_FILE)
    .option("--force", "replace it where it is there")
    .action(async (file: string, options: Common & { force?: boolean }) =>
      exit(await init(file, options, terminalOf(options))),
    );
  const config = program.command("config").description("what sluice.yaml says, and may say");
  verb(config, "check", "every mistake, each with its place", "sluice config check")
    .argument("[file]", "instead of the one that commands use")
    .action(async (file: string | undefined, options: Common) =>
      exit(await checkConfig(file, terminalOf(options))),
    );
  verb(config, "schema", "print its JSON Schema, for editors", "sluice config schema").action(
    (options: Common) => exit(printSchema(terminalOf(options))),
  );
  const connectors = program
    .command("connectors")
    .description("the webhook connectors: how they are, and whether they may take and send");
  verb(connectors, "list", "each with its state, last run and counts", "sluice connectors list")
    .option(...ACCOUNT)
    .action(async (options: Common & Choice) =>
      exit(await listConnectors(options, terminalOf(options))),
    );
  const ofOne: readonly [string, string, typeof showConnector][] = [
    ["show", "everything known of one", showConnector],
    ["enable", "let it take and send again", enable],
    ["disable", "let it take nothing and send nothing; what waits stays", disable],
  ];
  for (const [name, description, action] of ofOne) {
    verb(connectors, name, description, `sluice connectors ${name} inventory`)
      .argument("<name>", "a connector")
      .option(...ACCOUNT)
      .action(async (connector: string, options: Common & Choice) =>
        exit(await action(connector, options, terminalOf(options))),
      );
  }
}
