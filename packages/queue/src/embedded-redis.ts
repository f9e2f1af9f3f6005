import { createHash } from "node:crypto";
import { access, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { isAlive, withLock } from "./lock-file.ts";
import { makeOwnFolder } from "./own-folder.ts";
import {
  runningRedis,
  startRedis,
  stateOf,
  stopRedis,
  untilReady,
  type RedisProcess,
} from "./redis-process.ts";
import { findRedisProgram, type RedisProgram } from "./redis-program.ts";

export interface EmbeddedRedisOptions {
  /** Where its data, lock and socket live, e.g. `.sluice`. */
  dataDir: string;
  /** Told what is being done when it takes longer: one sentence. */
  say?: (message: string) => void;
  /** What runs it, where it does not run. @default `findRedisProgram` */
  findProgram?: (search: Pick<EmbeddedRedisOptions, "say">) => Promise<RedisProgram>;
}

/** A unix socket's path may have this many bytes on every platform. */
const SOCKET_PATH_MAX = 100;
/** What a server makes in its folder when it starts with an append-only file. */
const DATA = "appendonlydir";
/** Every write is on disk before it is answered; nothing is evicted. */
const SETTINGS = {
  appendonly: "yes",
  appendfsync: "always",
  save: "",
  "maxmemory-policy": "noeviction",
};

/**
 * A real Redis of our own, shared by all commands that use the same data directory: on a unix socket that only
 * this user can open, with every write on disk before it is answered. The first command starts it, later ones attach,
 * the last one out stops it. One that was left behind by a killed command is adopted.
 */
export class EmbeddedRedis implements AsyncDisposable {
  /** Where it listens: for `openAccount`. */
  readonly url: string;
  readonly #dir: string;

  private constructor(dir: string, url: string) {
    this.#dir = dir;
    this.url = url;
  }

  /** Whether anything was ever kept in that data directory. */
  static async isUsed({ dataDir }: Pick<EmbeddedRedisOptions, "dataDir">): Promise<boolean> {
    return await access(resolve(dataDir, "redis", DATA)).then(
      () => true,
      () => false,
    );
  }

  static async attach(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
    const dir = resolve(options.dataDir, "redis");
    await mkdir(join(dir, "users"), { recursive: true, mode: 0o700 });
    return await withLock(join(dir, "lock"), async () => {
      const { socket } = (await adopt(dir)) ?? (await start(dir, options));
      await writeFile(userFile(dir), "");
      return new EmbeddedRedis(dir, socket);
    });
  }

  /** Leaves; stops the server if nobody else uses it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await withLock(join(this.#dir, "lock"), async () => {
      await rm(userFile(this.#dir), { force: true });
      if ((await otherUsers(this.#dir)) > 0) return;
      const server = await runningRedis(this.#dir);
      if (server !== null) await stopRedis(server);
    });
  }
}

/**
 * The server that already runs on a folder. Two of them would ruin its files: one that nobody can reach any more is ended
 * first, and while one is there that does not answer, none is started.
 */
async function adopt(dir: string): Promise<RedisProcess | null> {
  const server = await runningRedis(dir);
  if (server === null) return null;
  const state = await stateOf(server.socket);
  if (state === "loading") await untilReady(server);
  if (state === "loading" || state === "ready") return server;
  if (state === "absent" && (await stopRedis(server))) return null;
  throw new Error(
    `Cannot use the embedded Redis of "${dir}": its process ${server.pid} does not answer; ` +
      `end it with kill ${server.pid}, or kill -9 ${server.pid} if that does not help`,
  );
}

async function start(dir: string, options: EmbeddedRedisOptions): Promise<RedisProcess> {
  const socket = socketPath(dir);
  if (dirname(socket) !== dir) await makeOwnFolder(dirname(socket));
  if ((await stateOf(socket)) !== "absent") {
    throw new Error(
      `Cannot start the embedded Redis of "${dir}": on ${socket} is a server that its pid file does not name; end that one`,
    );
  }
  const find = options.findProgram ?? findRedisProgram;
  return await startRedis(await find(options), { dir, socket, settings: SETTINGS });
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
