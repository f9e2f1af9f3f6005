import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { provideRedisServer } from "@sluice/queue";

/** A Redis for one test, which may stop it. */
export interface OwnRedis extends AsyncDisposable {
  url: string;
  /** It takes commands and answers none. */
  pause(): void;
  goOn(): void;
}

export async function startOwnRedis(): Promise<OwnRedis> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-redis-"));
  const url = join(dir, "redis.sock");
  const args = ["--port", "0", "--unixsocket", url, "--dir", dir, "--save", ""];
  const child = spawn(await provideRedisServer(), args, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface(child.stdout)) {
    if (/ready to accept connections/i.test(line)) break;
  }
  child.stdout.resume();
  return {
    url,
    pause: () => void child.kill("SIGSTOP"),
    goOn: () => void child.kill("SIGCONT"),
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
