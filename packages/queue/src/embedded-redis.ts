import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, openSync, closeSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { DISCONNECT_MS } from "./account.ts";
import { isAlive, withLock } from "./lock-file.ts";
import { provideRedisServer } from "./redis-binary.ts";
import { parseInfo } from "./server-check.ts";

export interface EmbeddedRedisOptions {
  /** Where its data, lock and socket live, e.g. `.sluice`. */
  dataDir: string;
  /** Told what is being done when it takes longer: one sentence. */
  say?: (message: string) => void;
}

/** A unix socket's path may have this many bytes on every platform. */
const SOCKET_PATH_MAX = 100;
const START_MS_MAX = 20_000;
const STOP_MS_MAX = 20_000;

/**
 * A real Redis of our own, shared by all commands that use the same data directory: on a unix socket that only
 * this user can open, with every write on disk before it is answered. The first command starts it, later ones attach,
 * the last one out stops it. One that was left behind by a killed command is adopted.
 */
export class EmbeddedRedis implements AsyncDisposable {
  /** Where it listens: for `openAccount`. */
  readonly url: string;
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
    this.url = socketPath(dir);
  }

  static async attach(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
    const dir = resolve(options.dataDir, "redis");
    await mkdir(join(dir, "users"), { recursive: true, mode: 0o700 });
    await mkdir(resolve(socketPath(dir), ".."), { recursive: true, mode: 0o700 });
    const redis = new EmbeddedRedis(dir);
    await withLock(join(dir, "lock"), async () => {
      if (!(await answers(redis.url))) await start(dir, await provideRedisServer(options.say));
      await writeFile(userFile(dir), "");
    });
    return redis;
  }

  /** Leaves; stops the server if nobody else uses it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await withLock(join(this.#dir, "lock"), async () => {
      await rm(userFile(this.#dir), { force: true });
      if ((await otherUsers(this.#dir)) === 0) await stop(this.url);
    });
  }
}

function socketPath(dir: string): string {
  const path = join(dir, "redis.sock");
  if (Buffer.byteLength(path) <= SOCKET_PATH_MAX) return path;
  const name = createHash("sha256").update(dir).digest("hex").slice(0, 16);
  return join(tmpdir(), `sluice-${name}`, "redis.sock");
}

function userFile(dir: string): string {
  return join(dir, "users", String(process.pid));
}

/** Living processes that are attached; files of dead ones are removed. */
async function otherUsers(dir: string): Promise<number> {
  let count = 0;
  for (const name of await readdir(join(dir, "users"))) {
    if (isAlive(Number(name))) count += 1;
    else await rm(join(dir, "users", name), { force: true });
  }
  return count;
}

async function start(dir: string, binary: string): Promise<void> {
  const log = openSync(join(dir, "redis.log"), "a", 0o600);
  const settings = {
    port: "0",
    unixsocket: socketPath(dir),
    unixsocketperm: "700",
    dir,
    appendonly: "yes",
    appendfsync: "always",
    save: "",
    "maxmemory-policy": "noeviction",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  // In a session of its own, so that Ctrl-C in a terminal reaches the command and not its Redis.
  // It outlives this command, and has no business with the rest of its environment.
  const { PATH, HOME, LANG } = process.env;
  const env = { PATH, HOME, LANG };
  const child = spawn(binary, args, { detached: true, env, stdio: ["ignore", log, log] });
  closeSync(log);
  const failed = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      reject(new Error(`Cannot start ${binary}: it ended with code ${code}; see ${dir}/redis.log`));
    });
  });
  child.unref();
  await Promise.race([failed, reachable(socketPath(dir))]);
  child.removeAllListeners("exit");
  // Nobody listens any more; a later death is noticed by the connections.
  failed.catch(() => {});
}

async function reachable(path: string): Promise<void> {
  const deadline = Date.now() + START_MS_MAX;
  while (!(await answers(path))) {
    if (Date.now() > deadline) throw new Error(`Cannot reach the embedded Redis at ${path}`);
    await delay(20);
  }
}

async function answers(path: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  const client = connectOnce(path);
  try {
    await client.connect();
    await waitUntilLoaded(client);
    return true;
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

/** A server that reads a large file at its start answers, but not yet what it is asked. */
async function waitUntilLoaded(client: Redis): Promise<void> {
  while (parseInfo(await client.info("persistence")).get("loading") === "1") await delay(100);
}

function connectOnce(path: string): Redis {
  const client = new Redis(path, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    connectTimeout: 2_000,
    disconnectTimeout: DISCONNECT_MS,
  });
  client.on("error", () => {});
  return client;
}

async function stop(path: string): Promise<void> {
  const client = connectOnce(path);
  try {
    await client.connect();
    const pid = Number(parseInfo(await client.info("server")).get("process_id"));
    await client.shutdown("NOSAVE").catch(() => {});
    const deadline = Date.now() + STOP_MS_MAX;
    while (isAlive(pid) && Date.now() < deadline) await delay(10);
  } catch {
    // It is gone already.
  } finally {
    client.disconnect();
  }
}
