import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedisProgram, startRedis, stopRedis } from "@sluice/queue";

/** A Redis of its own for one measurement. */
export interface BenchRedis extends AsyncDisposable {
  /** The path of its unix socket. */
  readonly url: string;
}

/** Starts a Redis that syncs every write before it answers, as production should. */
export async function startBenchRedis(): Promise<BenchRedis> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-bench-redis-"));
  const socket = join(dir, "redis.sock");
  const settings = { save: "", appendonly: "yes", appendfsync: "always" };
  const server = await startRedis(await findRedisProgram(), { dir, socket, settings });
  return {
    url: socket,
    async [Symbol.asyncDispose]() {
      await stopRedis(server);
      await rm(dir, { recursive: true, force: true });
    },
  };
}
