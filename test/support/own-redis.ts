import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedisProgram, startRedis, stopRedis } from "@sluice/queue";

/** A Redis for one test, which may stop it. */
export interface OwnRedis extends AsyncDisposable {
  url: string;
  /** It takes commands and answers none. */
  pause(): void;
  goOn(): void;
}

export async function startOwnRedis(): Promise<OwnRedis> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-redis-"));
  const socket = join(dir, "redis.sock");
  const server = await startRedis(await findRedisProgram(), {
    dir,
    socket,
    settings: { save: "" },
  });
  const signal = (name: NodeJS.Signals) => void process.kill(server.pid, name);
  return {
    url: socket,
    pause: () => signal("SIGSTOP"),
    goOn: () => signal("SIGCONT"),
    async [Symbol.asyncDispose]() {
      // One that is paused ends when it goes on.
      signal("SIGCONT");
      await stopRedis(server);
      await rm(dir, { recursive: true, force: true });
    },
  };
}
