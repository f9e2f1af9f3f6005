import { parseArgs } from "node:util";
import type { CallFigures } from "./governor/call-figures.ts";
import { measure, type Measured, type MeasureOptions } from "./governor/measure.ts";
import { SCENARIOS, type Scenario } from "./governor/scenarios.ts";
import { readMachine, type Machine } from "./support/machine.ts";
import { tableText } from "./support/table.ts";

export interface GovernorReport {
  machine: Machine;
  windows: number;
  assetsPerCall: number;
  seed: number;
  results: readonly Result[];
}

type Result = Measured & { scenario: string };

export interface RunOptions extends MeasureOptions {
  /** Names of scenarios. */
  scenarios: readonly string[];
}

/**
 * Sender processes against a sandbox process with a tight limit: how much of the call budget they use, and how many calls were
 * too many, by the sandbox's own ledger of calls.
 */
export async function run({ scenarios, ...options }: RunOptions): Promise<GovernorReport> {
  const chosen = scenarios.map((name) => [name, scenarioOf(name)] as const);
  const results: Result[] = [];
  for (const [name, scenario] of chosen) {
    results.push({ scenario: name, ...(await measure(scenario, options)) });
  }
  return { machine: readMachine(), ...options, results };
}

function scenarioOf(name: string): Scenario {
  const scenario = SCENARIOS[name];
  if (scenario !== undefined) return scenario;
  const known = Object.keys(SCENARIOS).join(", ");
  throw new RangeError(`Cannot run the scenario "${name}": use one of ${known}`);
}

/** `node bench/governor.ts [--scenario NAME]... [--windows 20] [--assets-per-call 100] [--seed 1] [--json]` */
export async function governorBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: "string", multiple: true, default: Object.keys(SCENARIOS) },
      windows: { type: "string", default: "20" },
      "assets-per-call": { type: "string", default: "100" },
      seed: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
    },
  });
  const report = await run({
    scenarios: values.scenario,
    windows: Number(values.windows),
    assetsPerCall: Number(values["assets-per-call"]),
    seed: Number(values.seed),
  });
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : reportText(report));
}

type Cell = (part: CallFigures, result: Result) => string | number;

const COLUMNS: readonly (readonly [head: string, cell: Cell])[] = [
  ["scenario", (_, { scenario }) => scenario],
  ["limit", ({ limit, windowMs }) => `${limit} in ${windowMs / 1_000} s`],
  ["calls", ({ calls }) => calls],
  ["share", ({ share }) => shareText(share)],
  ["429 rate", ({ rateRefusals }) => rateRefusals],
  ["429 at once", ({ concurrencyRefusals }) => concurrencyRefusals],
  ["most in a window", ({ refusalsInWorstWindow }) => refusalsInWorstWindow],
  ["worst window", ({ callsInWorstWindow }) => callsInWorstWindow],
  ["fill", ({ fill }) => shareText(fill)],
  ["others' calls", ({ foreignCalls }) => foreignCalls],
  ["others' 429", ({ foreignRefusals }) => foreignRefusals],
  ["share with others", ({ shareTogether }) => shareText(shareTogether)],
  ["load", (_, { load }) => load],
  ["silent after a kill", (_, { silentMs }) => silentMs.map(secondsText).join(", ")],
];

function reportText({ machine, windows, assetsPerCall, seed, results }: GovernorReport): string {
  const { cpu, cores, memoryGb, node } = machine;
  const rows = results.flatMap((result) =>
    result.parts.map((part) => COLUMNS.map(([, cell]) => String(cell(part, result)))),
  );
  return [
    `${cores} x ${cpu}, ${memoryGb} GB; Node ${node}, ${results[0]?.redis ?? ""}\n`,
    `${windows} windows, ${assetsPerCall} assets a call, seed ${seed}\n\n`,
    tableText([COLUMNS.map(([head]) => head), ...rows]),
  ].join("");
}

function secondsText(ms: number | null): string {
  return ms === null ? "for ever" : `${(ms / 1_000).toFixed(1)} s`;
}

function shareText(share: number | null): string {
  return share === null ? "-" : share.toFixed(3);
}

if (import.meta.main) await governorBench(process.argv.slice(2));
