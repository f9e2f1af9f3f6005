import type { Command } from "commander";
import type { LetterFilter } from "@sluice/queue";
import { discardDead } from "../commands/dead-discard.ts";
import { exportDead } from "../commands/dead-export.ts";
import { listDead } from "../commands/dead-list.ts";
import { replayDead } from "../commands/dead-replay.ts";
import { showDead } from "../commands/dead-show.ts";
import { countOf } from "./number-flags.ts";
import type { SelectionFlags } from "../letters/selected-letters.ts";
import type { Choice } from "../settings.ts";
import {
  ACCOUNT,
  CONNECTOR,
  exampleText,
  terminalOf,
  verb,
  type Common,
  type Exit,
} from "./verb.ts";

/** Adds `sluice dead` and its verbs. */
export function addDead(program: Command, signal: AbortSignal, exit: Exit): void {
  const dead = program
    .command("dead")
    .description("records that could not be delivered as they are");
  filtered(verb(dead, "list", "grouped by what they say, the newest first", "sluice dead list"))
    .option("--limit <n>", "how many to name", countOf, 20)
    .action(async (options: Common & LetterFilter & Choice & { limit: number }) =>
      exit(await listDead(options, terminalOf(options))),
    );
  verb(dead, "show", "everything known of one record", "sluice dead show host-17")
    .argument("<id>", "beginning of its id, or its key")
    .option(...ACCOUNT)
    .option(...CONNECTOR)
    .action(async (id: string, options: Common & Choice) =>
      exit(await showDead(id, options, terminalOf(options))),
    );
  addSelecting(dead, signal, exit);
}

function addSelecting(dead: Command, signal: AbortSignal, exit: Exit): void {
  const replay = verb(
    dead,
    "replay",
    "send them through the transform again",
    "sluice dead replay --reason refused",
  ).option("--all", "all of them");
  const discard = verb(
    dead,
    "discard",
    "take them off the list",
    "sluice dead discard host-17",
  ).option("--all", "all of them");
  // No --json: its lines are JSON in any case.
  const save = dead
    .command("export")
    .description("print their records as NDJSON, to be corrected and pushed (default: all)")
    .option("--config <file>", "instead of SLUICE_CONFIG or sluice.yaml")
    .addHelpText("after", exampleText("sluice dead export --reason schema > corrected.ndjson"));
  const actions = [
    [replay, replayDead],
    [discard, discardDead],
    [save, exportDead],
  ] as const;
  for (const [command, action] of actions) {
    filtered(command)
      .argument("[ids...]", "beginnings of ids, or keys")
      .action(async (ids: string[], options: Common & Omit<SelectionFlags, "ids">) =>
        exit(await action({ ids, ...options }, terminalOf(options), signal)),
      );
  }
}

function filtered(command: Command): Command {
  return command
    .option("--reason <reason>", "those of one reason")
    .option(...ACCOUNT)
    .option(...CONNECTOR)
    .option("--run <run>", "those of one run");
}
