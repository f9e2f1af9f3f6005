import type { Command } from "commander";
import { printMappingSchema } from "../commands/mapping-schema.ts";
import { testMapping, tryMapping, type TryOptions } from "../commands/mapping.ts";
import { countOf } from "./number-flags.ts";
import { AT, ENCODING, FORMAT, MAPPING } from "./reading-options.ts";
import type { MappingChoice } from "../settings.ts";
import { CONNECTOR, terminalOf, verb, type Common, type Exit } from "./verb.ts";

/** Adds `sluice mapping`. */
export function addMapping(program: Command, signal: AbortSignal, exit: Exit): void {
  const mapping = program.command("mapping").description("how records of any shape become assets");
  verb(
    mapping,
    "try",
    "show one record before and after; without a mapping, what the built-in one makes of it",
    "sluice mapping try devices.csv --mapping devices.mapping.yaml --line 7",
  )
    .argument("<file>", "as for push")
    .option("--line <n>", "which record: its line, or its number in a JSON document", countOf, 1)
    .option(...CONNECTOR)
    .addOption(MAPPING)
    .addOption(FORMAT)
    .addOption(AT)
    .addOption(ENCODING)
    .action(async (file: string, options: Common & TryOptions) =>
      exit(await tryMapping(file, options, terminalOf(options), signal)),
    );
  verb(
    mapping,
    "test",
    "run the examples that a mapping brings along",
    "sluice mapping test --mapping devices.mapping.yaml",
  )
    .option(...CONNECTOR)
    .addOption(MAPPING)
    .action(async (options: Common & MappingChoice) =>
      exit(await testMapping(options, terminalOf(options))),
    );
  verb(
    mapping,
    "schema",
    "print the JSON Schema of a mapping's file, for editors",
    "sluice mapping schema > mapping.schema.json",
  ).action((options: Common) => exit(printMappingSchema(terminalOf(options))));
}
