import { cp, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stage } from "./disturb.ts";

/** Keeps what a seed that failed has left: logs, decisions, the sandbox's ledgers, the append-only file. */
export async function keepEvidence({ house, journal }: Stage, seed: number): Promise<string> {
  const { sandbox, logs, redis } = house;
  const dir = await mkdtemp(join(tmpdir(), `sluice-chaos-seed-${seed}-`));
  const json = (value: unknown) => JSON.stringify(value, null, 1);
  await Promise.all([
    cp(logs, join(dir, "logs"), { recursive: true }),
    cp(join(redis.dir, "appendonlydir"), join(dir, "redis"), { recursive: true }),
    writeFile(join(dir, "decisions.txt"), journal.decisions.join("\n")),
    writeFile(join(dir, "problems.txt"), journal.problems.join("\n")),
    writeFile(join(dir, "calls.json"), json(await sandbox.calls())),
    writeFile(join(dir, "receipts.json"), json(await sandbox.receipts())),
  ]);
  return dir;
}
