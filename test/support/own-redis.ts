import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedisProgram, startRedis, stopRedis } from "@sluice/queue";
import { expect, vi } from "vitest";

/** A Redis for one test, which may stop it. */
export interface OwnRedis extends AsyncDisposable {
  url: string;
  /** It takes commands and answers none. */
  pause(): void;
  goOn(): void;
  /** It dies, and comes back with what is on its disk. */
  crash(): Promise<void>;
}

export async function startOwnRedis(): Promise<OwnRedis> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-redis-"));
  const socket = join(dir, "redis.sock");
  const settings = { save: "", appendonly: "yes", appendfsync: "always" };
  const program = await findRedisProgram();
  let server = await startRedis(program, { dir, socket, settings });
  const signal = (name: NodeJS.Signals) => void process.kill(server.pid, name);
  return {
    url: socket,
    pause: () => signal("SIGSTOP"),
    goOn: () => signal("SIGCONT"),
    async crash() {
      signal("SIGKILL");
      await vi.waitFor(() => expect(() => process.kill(server.pid, 0)).toThrow());
      await rm(socket, { force: true });
      server = await startRedis(program, { dir, socket, settings });
    },
    async [Symbol.asyncDispose]() {
      // One that is paused ends when it goes on.
      signal("SIGCONT");
      await stopRedis(server);
      await rm(dir, { recursive: true, force: true });
    },
  };
}
