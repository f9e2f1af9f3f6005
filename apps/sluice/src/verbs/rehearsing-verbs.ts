import { Option, type Command } from "commander";
import { sample } from "../commands/sample.ts";
import { simulate, type SimulateOptions } from "../commands/simulate.ts";
import { countOf, portOf, wholeNumber } from "./number-flags.ts";
import type { SandboxFlags } from "./sandbox-options.ts";
import { terminalOf, verb, type Common, type Exit } from "./verb.ts";

/**
 * `demo`, `sandbox`, `sample` and `simulate`: nothing of them is for Qualys. The sandbox is loaded when it is asked for: to roles it
 * would be memory that they never use.
 */
export function addRehearsing(program: Command, signal: AbortSignal, exit: Exit): void {
  verb(
    program,
    "demo",
    "the whole thing on this machine, end to end, with a made-up inventory",
    "sluice demo --assets 3000",
  )
    .option("--assets <n>", "how many", countOf, 3_000)
    .option("--open", "show the local CSAM's page, and stay until Ctrl-C")
    .action(async (options: Common & { assets: number; open?: boolean }) => {
      const { demo } = await import("../commands/demo.ts");
      exit(await demo(options, terminalOf(options), signal));
    });
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
      const { sandbox } = await import("../commands/sandbox.ts");
      const isOpened = options.open === true;
      exit(await sandbox(options, isOpened, terminalOf(options), signal));
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
