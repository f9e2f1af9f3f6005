import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findRedisProgram, startRedis, stopRedis } from "@sluice/queue";

/** A Redis for one test, which may stop it. */
export interface OwnRedis extends AsyncDisposable {
  /** The unix socket it listens on. */
  url: string;
  /** Where its append-only files are. */
  dir: string;
  /** It takes commands and answers none. */
  pause(): void;
  goOn(): void;
  /** It is killed. */
  die(): Promise<void>;
  /** It comes back with what is on its disk. */
  revive(): Promise<void>;
  /** It dies, and comes back at once. */
  crash(): Promise<void>;
}

/** Starts a server that syncs every write, and whatever else `settings` say. */
export async function startOwnRedis(
  settings: Readonly<Record<string, string>> = {},
): Promise<OwnRedis> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-redis-"));
  const socket = join(dir, "redis.sock");
  const all = { save: "", appendonly: "yes", appendfsync: "always", ...settings };
  const program = await findRedisProgram();
  const start = () => startRedis(program, { dir, socket, settings: all });
  let server = await start();
  const signal = (name: NodeJS.Signals) => void process.kill(server.pid, name);
  const redis = {
    url: socket,
    dir,
    pause: () => signal("SIGSTOP"),
    goOn: () => signal("SIGCONT"),
    async die() {
      signal("SIGKILL");
      while (isAlive(server.pid)) await delay(10);
      await rm(socket, { force: true });
    },
    async revive() {
      server = await start();
    },
    async crash() {
      await redis.die();
      await redis.revive();
    },
    async [Symbol.asyncDispose]() {
      // One that is paused ends when it goes on.
      if (isAlive(server.pid)) signal("SIGCONT");
      await stopRedis(server);
      await rm(dir, { recursive: true, force: true });
    },
  };
  return redis;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
