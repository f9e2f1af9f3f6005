import { Command, Option } from "commander";
import { ROLES, type Role } from "./roles/account-roles.ts";
import { check } from "./commands/check.ts";
import { drain } from "./commands/drain.ts";
import { enqueue } from "./commands/enqueue.ts";
import { pauseSending, resumeSending } from "./commands/hold.ts";
import { makeKey } from "./commands/key.ts";
import { plan, type PlanFlags } from "./commands/plan.ts";
import { push, type PushOptions } from "./commands/push.ts";
import { runs } from "./commands/runs.ts";
import { abortRuns, type AbortOptions } from "./commands/runs-abort.ts";
import { status } from "./commands/status.ts";
import { up } from "./commands/up.ts";
import { addConfiguring } from "./verbs/configuring-verbs.ts";
import { addDead } from "./verbs/dead-verbs.ts";
import { addMapping } from "./verbs/mapping-verbs.ts";
import { ageOf, countOf } from "./verbs/number-flags.ts";
import { AT, ENCODING, FORMAT, MAPPING } from "./verbs/reading-options.ts";
import { addRehearsing } from "./verbs/rehearsing-verbs.ts";
import type { LoadOptions } from "./loads/load.ts";
import { ACCOUNT, CONNECTOR, terminalOf, verb, type Common, type Exit } from "./verbs/verb.ts";
import type { Choice } from "./settings.ts";

const SETTINGS_NOTE =
  "\nConfiguration comes from the environment and from .env (see .env.example); accounts and connectors from sluice.yaml, where there is one.\n";
const EXIT_NOTE =
  "\nExit codes: 0 done, 1 unexpected, 2 bad usage or configuration, 3 done with dead letters, 4 stopped before the end.\n";

/** The `sluice` command: its verbs, and which function each one is. */
export function createProgram(signal: AbortSignal, exit: Exit): Command {
  const program = new Command("sluice")
    .description(
      "Moves asset and vulnerability inventories into Qualys CSAM through the Webhook Connector API.",
    )
    .version("0.1.0")
    .exitOverride()
    .showHelpAfterError("(see --help)")
    .addHelpText("after", SETTINGS_NOTE + EXIT_NOTE);
  program.hook("preAction", (_, command) => {
    const { config } = command.optsWithGlobals<{ config?: string }>();
    if (config !== undefined) process.env["SLUICE_CONFIG"] = config;
  });
  addLoading(program, signal, exit);
  addOperating(program, signal, exit);
  addDead(program, signal, exit);
  addMapping(program, signal, exit);
  addConfiguring(program, exit);
  addRehearsing(program, signal, exit);
  return program;
}

function addLoading(program: Command, signal: AbortSignal, exit: Exit): void {
  const lane = new Option(
    "--lane <lane>",
    "live goes before backfill, which is the default",
  ).choices(["live", "backfill"]);
  verb(
    program,
    "push",
    "enqueue files and work until all of it is delivered",
    "sluice push hosts.ndjson.gz 'more/*.csv'\ncat hosts.json | sluice push -\nsluice push answer.json --at data.hosts\nsluice push hosts.ndjson --dry-run",
  )
    .argument(
      "[files...]",
      "files or globs: NDJSON, JSON, CSV with a header, also .gz and .zst; - for stdin",
    )
    .option(...CONNECTOR)
    .option("--dry-run", "do what plan does: show what would be sent, send nothing")
    .option("--first <n>", "stop behind the first n assets", countOf)
    .option("--resume <run>", "continue a run that was stopped")
    .addOption(FORMAT)
    .addOption(AT)
    .addOption(ENCODING)
    .addOption(MAPPING)
    .addOption(lane)
    .action(async (files: string[], options: PushOptions & Common & { dryRun?: boolean }) => {
      const work = options.dryRun ? plan : push;
      exit(await work(files, options, terminalOf(options), signal));
    });
  verb(
    program,
    "enqueue",
    "enqueue files for workers that run elsewhere; print the run's id",
    "sluice enqueue hosts.ndjson --json",
  )
    .argument("[files...]", "as for push")
    .option(...CONNECTOR)
    .option("--first <n>", "stop behind the first n assets", countOf)
    .addOption(FORMAT)
    .addOption(AT)
    .addOption(ENCODING)
    .addOption(lane)
    .action(async (files: string[], options: LoadOptions & Common) => {
      exit(await enqueue(files, options, terminalOf(options), signal));
    });
  verb(
    program,
    "plan",
    "what a push would do: what is new, changed, unchanged or dead, in how many calls, and what is wrong with the identities",
    "sluice plan hosts.ndjson\nsluice plan 'exports/*.csv' --strict\nsluice plan hosts.ndjson --json | jq .findings",
  )
    .argument("[files...]", "as for push")
    .option("--first <n>", "stop behind the first n assets", countOf)
    .option(...CONNECTOR)
    .option("--strict", "end with 3 for warnings, too, and not only for dead letters and errors")
    .addOption(FORMAT)
    .addOption(AT)
    .addOption(ENCODING)
    .addOption(MAPPING)
    .action(async (files: string[], options: PlanFlags & Common) => {
      exit(await plan(files, options, terminalOf(options), signal));
    });
}

function addOperating(program: Command, signal: AbortSignal, exit: Exit): void {
  verb(program, "up", "run roles until a signal", "sluice up --role worker --role sender")
    .addOption(
      new Option(
        "--role <role...>",
        "which (default: all; the producer where it has keys)",
      ).choices(ROLES),
    )
    .action(async (options: Common & { role?: Role[] }) => {
      exit(await up(options.role, terminalOf(options), signal));
    });
  verb(
    program,
    "key",
    "make an API key for the HTTP intake, and the line that lets it in",
    "sluice key inventory-agent",
  )
    .argument("<name>", "whose it is")
    .action((name: string, options: Common) => exit(makeKey(name, terminalOf(options))));
  addRuns(program, exit);
  verb(program, "status", "where everything is, and what keeps it there", "sluice status")
    .option(...ACCOUNT)
    .action(async (options: Common & Choice) => exit(await status(options, terminalOf(options))));
  verb(
    program,
    "check",
    "Redis, gateway, credentials, permission: what works, what to do",
    "sluice check",
  )
    .option(...ACCOUNT)
    .option(...CONNECTOR)
    .action(async (options: Common & Choice) => exit(await check(options, terminalOf(options))));
  verb(program, "drain", "work off all that waits, then end", "sluice drain")
    .option(...ACCOUNT)
    .action(async (options: Common & Choice) =>
      exit(await drain(options, terminalOf(options), signal)),
    );
  verb(program, "pause", "make no call until resume; enqueueing goes on", "sluice pause")
    .option(...ACCOUNT)
    .option(...CONNECTOR)
    .action(async (options: Common & Choice) =>
      exit(await pauseSending(options, terminalOf(options))),
    );
  verb(program, "resume", "end every hold; a disabled connector stays so", "sluice resume")
    .option(...ACCOUNT)
    .option(...CONNECTOR)
    .action(async (options: Common & Choice) =>
      exit(await resumeSending(options, terminalOf(options))),
    );
}

function addRuns(program: Command, exit: Exit): void {
  const all = verb(
    program,
    "runs",
    "the books of one run, or the newest runs",
    "sluice runs\nsluice runs 20261121T210433-1a2b3c --json",
  )
    .argument("[id]", "a run")
    .option(...ACCOUNT)
    .option(...CONNECTOR)
    .action(async (id: string | undefined, options: Common & Choice) =>
      exit(await runs(id, options, terminalOf(options))),
    );
  verb(
    all,
    "abort",
    "end open runs that nobody will finish; what was enqueued goes on",
    "sluice runs abort 20261121T210433-1a2b3c\nsluice runs abort --older-than 24h",
  )
    .argument("[ids...]", "open runs")
    .option("--older-than <age>", "all that were opened so long ago, such as 90m, 24h or 7d", ageOf)
    .option(...ACCOUNT)
    .option(...CONNECTOR)
    .action(async (ids: string[], _, abort: Command) => {
      // What its parent takes, too, is found there.
      const options = abort.optsWithGlobals<Common & AbortOptions>();
      exit(await abortRuns(ids, options, terminalOf(options)));
    });
}
