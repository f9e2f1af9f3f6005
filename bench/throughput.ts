import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sampleLines } from "@sluice/sources";
import { readLoad, readMachine } from "./support/machine.ts";
import { tableText } from "./support/table.ts";
import { measureWay, WAYS, type Way, type WayFigures } from "./throughput/measure.ts";

const PROFILES = ["low-entropy", "high-entropy"] as const;
const SEED = 1;

/**
 * What Sluice costs beside the ways without it: `npm run bench -- throughput [--assets 50000] [--rounds 3] [--profile P] [--json]`. The
 * ways take turns, and of each the quickest round counts, so that a busy machine favours none.
 */
export async function throughputBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      assets: { type: "string", default: "50000" },
      rounds: { type: "string", default: "3" },
      profile: { type: "string", default: "high-entropy" },
      json: { type: "boolean", default: false },
    },
  });
  const assets = Number(values.assets);
  const profile = PROFILES.find((known) => known === values.profile);
  if (profile === undefined) throw new RangeError(`Cannot make assets of ${values.profile}`);
  const dir = await mkdtemp(join(tmpdir(), "sluice-bench-"));
  try {
    const file = join(dir, "inventory.ndjson");
    await writeFile(file, [...sampleLines({ assets, seed: SEED, profile })].join("\n"));
    const best = new Map<Way, WayFigures>();
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const way of WAYS) {
        const figures = await measureWay(way, file, assets);
        if (figures.assetsPerSec > (best.get(way)?.assetsPerSec ?? 0)) best.set(way, figures);
      }
    }
    const rows = [...best.values()];
    const report = { machine: readMachine(), load: readLoad(), assets, profile, rows };
    process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : rowsText(rows));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function rowsText(rows: readonly WayFigures[]): string {
  const ours = rows.find(({ way }) => way === "sluice push");
  const alone = rows.find(({ way }) => way === "transform alone");
  return tableText([
    ["way", "assets/s", "sluice is", "CPU an asset", "of the transform's", "calls", "fill"],
    ...rows.map(({ way, assetsPerSec, cpuUsPerAsset, calls, fill }) => [
      way,
      Math.round(assetsPerSec).toLocaleString("en-US"),
      `${((ours?.assetsPerSec ?? 0) / assetsPerSec).toFixed(2)} x`,
      `${Math.round(cpuUsPerAsset)} us`,
      `${(cpuUsPerAsset / (alone?.cpuUsPerAsset ?? 1)).toFixed(1)} x`,
      String(calls),
      fill === null ? "" : fill.toFixed(3),
    ]),
  ]);
}
