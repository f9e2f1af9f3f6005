import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder of its own for the running test; gone with the test. */
export async function freshDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-test-"));
  onTestFinished(async () => {
    await rm(dir, { recursive: true, force: true });
  });
  return dir;
}
