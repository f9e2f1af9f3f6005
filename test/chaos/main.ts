import { parseArgs } from "node:util";
import { runChaos, type ChaosReport } from "./chaos.ts";

/*
 * `npm run chaos -- --seed N --minutes M`, or `--seeds A-B` for several, one after another, and a table of them; `--keep`
 * keeps logs and ledgers of those that hold, too.
 * Exits with 1 when something was found wrong, and says how to do it again.
 */

const REST_MS_MAX = 900_000;
const COLUMNS = ["seed", "steps", "kills", "records", "assets", "calls", "limited", "s", "verdict"];

function seedsOf({ seed = "1", seeds }: { seed?: string; seeds?: string }): number[] {
  const [first = 0, last = first] = (seeds ?? seed).split("-").map(Number);
  if (!Number.isInteger(first) || !Number.isInteger(last) || last < first) {
    throw new RangeError(`Cannot use the seeds "${seeds ?? seed}": give N, or A-B with --seeds`);
  }
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function rowOf(report: ChaosReport): string {
  const { seed, steps, kills, records, assets, calls, limited, elapsedMs, problems } = report;
  const verdict = problems.length === 0 ? "holds" : `${problems.length} problems`;
  const seconds = Math.round(elapsedMs / 1_000);
  const cells = [seed, steps, kills, records, assets, calls, limited, seconds, verdict];
  return `| ${cells.join(" | ")} |`;
}

function tellProblems({ seed, problems }: ChaosReport, minutes: number): void {
  if (problems.length === 0) return;
  process.exitCode = 1;
  process.stderr.write(
    `${problems.join("\n")}\nseed ${seed} fails; repeat it with: npm run chaos -- --seed ${seed} --minutes ${minutes}\n`,
  );
}

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    minutes: { type: "string", default: "1" },
    keep: { type: "boolean", default: false },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new RangeError(`Cannot run for "${values.minutes}" minutes`);
process.stdout.write(`| ${COLUMNS.join(" | ")} |\n|${"---|".repeat(COLUMNS.length)}\n`);
for (const seed of seedsOf(values)) {
  const tell = (line: string) => void process.stderr.write(`${line}\n`);
  const report = await runChaos({
    seed,
    minutes,
    restMsMax: REST_MS_MAX,
    isKept: values.keep,
    tell,
  });
  process.stdout.write(`${rowOf(report)}\n`);
  if (report.evidence !== null) tell(`logs and ledgers are in ${report.evidence}`);
  tellProblems(report, minutes);
}
