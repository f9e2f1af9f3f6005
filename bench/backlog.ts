import { parseArgs } from "node:util";
import { measureBacklog, type BacklogFigures, type BacklogOptions } from "./backlog/measure.ts";
import { readMachine } from "./support/machine.ts";
import { tableText } from "./support/table.ts";

const PROFILES = ["low-entropy", "high-entropy"] as const;

/**
 * What a backlog takes of Redis and of each process, with the mark above it and below it:
 * `npm run bench -- backlog [--assets 1000000] [--profile P]... [--mark BYTES]... [--seed 1] [--json]`.
 */
export async function backlogBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      assets: { type: "string", default: "1000000" },
      profile: { type: "string", multiple: true, default: [...PROFILES] },
      mark: { type: "string", multiple: true, default: ["0", "10000000"] },
      seed: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
    },
  });
  const all: BacklogFigures[] = [];
  for (const name of values.profile) {
    for (const mark of values.mark) {
      const sample = { profile: profileOf(name), seed: Number(values.seed) };
      const size = { assets: Number(values.assets), queueBytesMax: Number(mark) };
      all.push(await measureBacklog({ ...sample, ...size }));
    }
  }
  const report = { machine: readMachine(), results: all };
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : tablesText(all));
}

function profileOf(name: string): BacklogOptions["profile"] {
  const profile = PROFILES.find((known) => known === name);
  if (profile !== undefined) return profile;
  throw new RangeError(`Cannot make assets of ${name}: use one of ${PROFILES.join(", ")}`);
}

const HEAD = ["profile", "mark", "read", "delivered", "arrived", "dead", "pending"];
const SIZES = ["waiting", "Redis", "enqueued in", "drained in", "load"];
const PROCESS_HEAD = ["profile", "mark", "process", "early", "late", "peak"];

function tablesText(all: readonly BacklogFigures[]): string {
  const rows = all.map((figures) => [
    ...nameOf(figures),
    ...countsOf(figures),
    ...sizesOf(figures),
  ]);
  const processes = all.flatMap((figures) =>
    figures.processes.map(({ process, earlyMb, lateMb, peakMb }) => [
      ...nameOf(figures),
      process,
      ...[earlyMb, lateMb, peakMb].map(megabytes),
    ]),
  );
  return `${tableText([[...HEAD, ...SIZES], ...rows])}\n${tableText([PROCESS_HEAD, ...processes])}`;
}

function nameOf({ profile, queueBytesMax, hasWaited }: BacklogFigures): string[] {
  const mark = queueBytesMax === 0 ? "default" : megabytes(queueBytesMax / 1e6);
  return [profile, `${mark}${hasWaited ? ", reached" : ""}`];
}

function countsOf({ run, arrived, pending }: BacklogFigures): string[] {
  return [run.read, run.delivered, arrived, run.dead, pending].map(String);
}

function sizesOf({ waitingPeakMb, redisPeakMb, enqueueSec, drainSec, load }: BacklogFigures) {
  const seconds = [enqueueSec, drainSec].map((value) => `${Math.round(value)} s`);
  return [megabytes(waitingPeakMb), megabytes(redisPeakMb), ...seconds, String(load)];
}

function megabytes(value: number): string {
  return `${Math.round(value)} MB`;
}
