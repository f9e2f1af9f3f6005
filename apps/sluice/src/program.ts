import { Command, Option } from "commander";
import { check } from "./commands/check.ts";
import { demo } from "./commands/demo.ts";
import { drain } from "./commands/drain.ts";
import { enqueue } from "./commands/enqueue.ts";
import { pauseSending, resumeSending } from "./commands/hold.ts";
import { makeKey } from "./commands/key.ts";
import { plan, type PlanFlags } from "./commands/plan.ts";
import { push, type PushOptions } from "./commands/push.ts";
import { runs } from "./commands/runs.ts";
import { abortRuns } from "./commands/runs-abort.ts";
import { sample } from "./commands/sample.ts";
import { sandbox } from "./commands/sandbox.ts";
import { simulate, type SimulateOptions } from "./commands/simulate.ts";
import { status } from "./commands/status.ts";
import { up } from "./commands/up.ts";
import { addDead } from "./dead-commands.ts";
import { ageOf, countOf, portOf, wholeNumber } from "./number-flags.ts";
import { sandboxOptions, type SandboxFlags } from "./sandbox-options.ts";
import { ROLES, type Role } from "./session.ts";
import { createTerminal, type Terminal } from "./terminal.ts";
import { verb, type Common, type Exit } from "./verb.ts";

const SETTINGS_NOTE =
  "\nConfiguration comes from the environment and from .env; see .env.example.\n";
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
  addLoading(program, signal, exit);
  addOperating(program, signal, exit);
  addDead(program, signal, exit);
  addRehearsing(program, signal, exit);
  return program;
}

function terminalOf(options: Common): Terminal {
  return createTerminal(options.json === true);
}

function addLoading(program: Command, signal: AbortSignal, exit: Exit): void {
  const format = new Option("--format <format>", "instead of recognising it").choices([
    "ndjson",
    "json",
    "csv",
  ]);
  const at = new Option("--at <path>", "where a JSON document has the records, such as data.hosts");
  const encoding = new Option(
    "--encoding <name>",
    "of text that is not UTF-8 and has no byte order mark, such as windows-1252",
  );
  const lane = new Option("--lane <lane>", "live goes before backfill")
    .choices(["live", "backfill"])
    .default("backfill");
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
    .option("--dry-run", "do what plan does: show what would be sent, send nothing")
    .option("--first <n>", "stop behind the first n assets", countOf)
    .option("--resume <run>", "continue a run that was stopped")
    .addOption(format)
    .addOption(at)
    .addOption(encoding)
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
    .option("--first <n>", "stop behind the first n assets", countOf)
    .addOption(format)
    .addOption(at)
    .addOption(encoding)
    .addOption(lane)
    .action(async (files: string[], options: PushOptions & Common) => {
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
    .option("--strict", "end with 3 for warnings, too, and not only for dead letters and errors")
    .addOption(format)
    .addOption(at)
    .addOption(encoding)
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
  verb(program, "status", "where everything is, and what keeps it there", "sluice status").action(
    async (options: Common) => exit(await status(terminalOf(options))),
  );
  verb(
    program,
    "check",
    "Redis, gateway, credentials, permission: what works, what to do",
    "sluice check",
  ).action(async (options: Common) => exit(await check(terminalOf(options))));
  verb(program, "drain", "work off all that waits, then end", "sluice drain").action(
    async (options: Common) => exit(await drain(terminalOf(options), signal)),
  );
  verb(program, "pause", "make no call until resume; enqueueing goes on", "sluice pause").action(
    async (options: Common) => exit(await pauseSending(terminalOf(options))),
  );
  verb(program, "resume", "end every hold", "sluice resume").action(async (options: Common) =>
    exit(await resumeSending(terminalOf(options))),
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
    .action(async (id: string | undefined, options: Common) =>
      exit(await runs(id, terminalOf(options))),
    );
  verb(
    all,
    "abort",
    "end open runs that nobody will finish; what was enqueued goes on",
    "sluice runs abort 20261121T210433-1a2b3c\nsluice runs abort --older-than 24h",
  )
    .argument("[ids...]", "open runs")
    .option("--older-than <age>", "all that were opened so long ago, such as 90m, 24h or 7d", ageOf)
    .action(async (ids: string[], _, abort: Command) => {
      // --json is its parent's, too.
      const options = abort.optsWithGlobals<Common & { olderThan?: number }>();
      exit(await abortRuns(ids, options.olderThan ?? null, terminalOf(options)));
    });
}

function addRehearsing(program: Command, signal: AbortSignal, exit: Exit): void {
  verb(
    program,
    "demo",
    "the whole thing on this machine, end to end, with a made-up inventory",
    "sluice demo --assets 3000",
  )
    .option("--assets <n>", "how many", countOf, 3_000)
    .option("--open", "show the local CSAM's page, and stay until Ctrl-C")
    .action(async (options: Common & { assets: number; open?: boolean }) =>
      exit(await demo(options, terminalOf(options), signal)),
    );
  addSimulate(program, signal, exit);
  verb(
    program,
    "sandbox",
    "a local CSAM to rehearse on, until a signal",
    "sluice sandbox --limit 20 --window-sec 5",
  )
    .option("--port <port>", "0 for any free one (default: SLUICE_SANDBOX_PORT or 8765)", portOf)
    .option("--limit <n>", "calls in a window", countOf, 300)
    .option("--window-sec <s>", "length of the rolling window", countOf, 3_600)
    .option("--concurrency <n>", "calls at once", countOf, 2)
    .option("--latency-ms <ms>", "how long a call takes", wholeNumber, 0)
    .option("--connector <uuid>", "instead of a fresh one")
    .option("--refuse-clients", "answer OAuth clients with Invalid Subscription Id")
    .option("--store <file>", "keep everything in this file (default: in memory)")
    .option("--visible-after-ms <ms>", "how long accepted assets take to appear", wholeNumber, 0)
    .option("--faults <file>", "what is to go wrong: a fault script as JSON")
    .option("--receipts", "keep each asset of each call, for audits")
    .option("--check-only", "check imports and keep nothing, for benchmarks")
    .option("--counting", "count the assets of bodies that are not even parsed, for benchmarks")
    .option("--open", "open its page in a browser")
    .action(async (options: Common & SandboxFlags & { open?: boolean }) => {
      const isOpened = options.open === true;
      exit(await sandbox(sandboxOptions(options), isOpened, terminalOf(options), signal));
    });
  program
    .command("sample")
    .description("print a made-up inventory as NDJSON; the same seed makes the same one")
    .option("--assets <n>", "how many", countOf, 1_000)
    .option("--seed <n>", "decides all of it", wholeNumber, 1)
    .addOption(
      new Option("--profile <profile>", "how alike the assets are")
        .choices(["low-entropy", "high-entropy"])
        .default("low-entropy"),
    )
    .addHelpText("after", "\nExample:\n  sluice sample --assets 5000 --seed 7 > inventory.ndjson\n")
    .action(async (options) => exit(await sample(options, signal)));
}

function addSimulate(program: Command, signal: AbortSignal, exit: Exit): void {
  verb(
    program,
    "simulate",
    "how long a backlog takes under a call budget, by each way of pacing; sends nothing",
    "sluice simulate --assets 1000000 --limit 300 --window-sec 3600 --batch 100",
  )
    .option("--assets <n>", "that wait at the beginning", countOf, 1_000_000)
    .option("--limit <n>", "calls in a window", countOf, 300)
    .option("--window-sec <s>", "length of the rolling window", countOf, 3_600)
    .option("--batch <n>", "assets of one call", countOf, 100)
    .option("--concurrency <n>", "calls at once", countOf, 2)
    .option("--latency-ms <ms>", "how long a call takes, a fifth more or less", wholeNumber, 500)
    .option("--live <n>", "assets of the live lane that come in an hour", wholeNumber, 0)
    .option("--foreign <n>", "calls of others in a window", wholeNumber, 0)
    .option("--senders <n>", "processes that send", countOf, 1)
    .option("--seed <n>", "decides what is left to chance", wholeNumber, 1)
    .action(async (options: Common & SimulateFlags) =>
      exit(await simulate(simulateOptions(options), terminalOf(options), signal)),
    );
}

type SimulateFlags = Pick<
  SimulateOptions,
  "assets" | "limit" | "concurrency" | "latencyMs" | "senders" | "seed"
> & { windowSec: number; batch: number; live: number; foreign: number };

function simulateOptions({ windowSec, batch, live, foreign, ...same }: SimulateFlags) {
  const { assets, limit, concurrency, latencyMs, senders, seed } = same;
  return {
    assets,
    limit,
    windowMs: windowSec * 1_000,
    concurrency,
    latencyMs,
    assetsPerCall: batch,
    livePerHour: live,
    foreignPerWindow: foreign,
    senders,
    seed,
  };
}
