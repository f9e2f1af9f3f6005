import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { DISCONNECT_MS } from "./account.ts";
import { isAlive } from "./lock-file.ts";
import type { RedisProgram } from "./redis-program.ts";
import { parseInfo } from "./server-check.ts";

const run = promisify(execFile);
const DOCKER_MS_MAX = 60_000;
const ANSWER_MS_MAX = 5_000;
const START_MS_MAX = 20_000;
/** A large append-only file takes a while to read. */
const LOAD_MS_MAX = 600_000;
const STOP_MS_MAX = 20_000;

/** A server of our own, as its pid file tells. */
export interface RedisProcess {
  pid: number;
  /** The unix socket it listens on. */
  socket: string;
}

export interface RedisStart {
  /** Where it keeps its data, `redis.log` and `redis.pid`. */
  dir: string;
  socket: string;
  settings?: Readonly<Record<string, string>>;
}

/** `silent`: something is there and does not answer. */
export type RedisState = "ready" | "loading" | "silent" | "absent";

/**
 * Starts a server on a unix socket that this user alone can open, and on no port. It outlives this process. Resolves when it
 * answers; throws, and leaves none behind, when it does not.
 */
export async function startRedis(program: RedisProgram, start: RedisStart): Promise<RedisProcess> {
  const log = join(start.dir, "redis.log");
  await writeFile(log, "", { flag: "a", mode: 0o600 });
  const { pid, name } = await launch(program, start, log);
  const server = { pid, socket: start.socket };
  await writeFile(pidFile(start.dir), `${pid}\n${start.socket}\n`, { mode: 0o600 });
  try {
    await untilReady(server);
    return server;
  } catch (cause) {
    signal(pid, "SIGKILL");
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot start ${name}: ${why}; see ${log}`, { cause });
  }
}

async function launch(program: RedisProgram, start: RedisStart, log: string) {
  if (program.kind === "binary") {
    return { name: program.path, pid: await spawnBinary(program.path, argsOf(start), log) };
  }
  return { name: program.image, pid: await runContainer(program, start, log) };
}

function argsOf({ dir, socket, settings }: RedisStart): string[] {
  const all = { port: "0", unixsocket: socket, unixsocketperm: "700", dir, ...settings };
  return Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
}

/** In a session of its own, so that Ctrl-C in a terminal reaches the command and not its Redis. */
async function spawnBinary(path: string, args: string[], logPath: string): Promise<number> {
  const log = openSync(logPath, "a");
  try {
    // It outlives this command, and has no business with the rest of its environment.
    const { PATH, HOME, LANG } = process.env;
    const env = { PATH, HOME, LANG };
    const child = spawn(path, args, { detached: true, env, stdio: ["ignore", log, log] });
    await once(child, "spawn");
    child.unref();
    return child.pid ?? 0;
  } finally {
    closeSync(log);
  }
}

/** As the calling user, without a network, on the same paths. */
async function runContainer(
  { docker, image }: RedisProgram & { kind: "container" },
  start: RedisStart,
  log: string,
): Promise<number> {
  const { dir, socket } = start;
  const folders = new Set([dir, dirname(socket)]);
  const mounts = [...folders].flatMap((path) => ["--mount", `type=bind,src=${path},dst=${path}`]);
  const confinement = ["--network=none", "--read-only", "--cap-drop=ALL"];
  confinement.push("--security-opt=no-new-privileges", "--label", `sluice.data=${dir}`);
  const user = `--user=${process.getuid?.()}:${process.getgid?.()}`;
  const command = ["--entrypoint=redis-server", image, ...argsOf(start), "--logfile", log];
  const options = ["run", "--detach", "--rm", user, ...confinement, ...mounts, ...command];
  const timeout = DOCKER_MS_MAX;
  const { stdout: id } = await run(docker, options, { timeout });
  const inspect = ["inspect", "--format", "{{.State.Pid}}", id.trim()];
  // One that ended at once is gone already.
  const { stdout: pid } = await run(docker, inspect, { timeout }).catch(() => ({ stdout: "0" }));
  return Number(pid);
}

/** Waits until a server that starts, or reads its file, answers. */
export async function untilReady({ pid, socket }: RedisProcess): Promise<void> {
  const begunMs = Date.now();
  for (;;) {
    const state = await stateOf(socket);
    if (state === "ready") return;
    if (!isAlive(pid)) throw new Error("it ended at once");
    const mostMs = state === "loading" ? LOAD_MS_MAX : START_MS_MAX;
    if (Date.now() - begunMs > mostMs) throw new Error(`it does not answer on ${socket}`);
    await delay(20);
  }
}

/** Looks what is on a socket; never waits longer than a few seconds. */
export async function stateOf(socket: string): Promise<RedisState> {
  const client = new Redis(socket, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    connectTimeout: ANSWER_MS_MAX,
    commandTimeout: ANSWER_MS_MAX,
    disconnectTimeout: DISCONNECT_MS,
  });
  let code: string | undefined;
  client.on("error", (error: NodeJS.ErrnoException) => (code ??= error.code));
  try {
    await client.connect();
    // A server that reads a large file at its start answers this alone.
    const info = parseInfo(await client.info("persistence"));
    return info.get("loading") === "1" ? "loading" : "ready";
  } catch {
    return code === "ENOENT" || code === "ECONNREFUSED" ? "absent" : "silent";
  } finally {
    client.disconnect();
  }
}

/** The living server that a folder's pid file names; null when there is none. */
export async function runningRedis(dir: string): Promise<RedisProcess | null> {
  const text = await readFile(pidFile(dir), "utf8").catch(() => "");
  const [pid = "", socket = ""] = text.split("\n");
  const server = { pid: Number(pid), socket };
  return socket !== "" && isAlive(server.pid) && (await isServerOf(server)) ? server : null;
}

/** The number of a dead server may belong to a stranger by now; ours has its socket in its command line. */
async function isServerOf({ pid, socket }: RedisProcess): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(async () => {
    const asked = await run("ps", ["-o", "args=", "-p", String(pid)], { timeout: ANSWER_MS_MAX });
    return asked.stdout;
  });
  return commandLine.includes(socket);
}

/** Ends a server as politely as it can be done, and waits for it. False when it goes on. */
export async function stopRedis({ pid }: RedisProcess): Promise<boolean> {
  signal(pid, "SIGTERM");
  const deadline = Date.now() + STOP_MS_MAX;
  while (isAlive(pid) && Date.now() < deadline) await delay(10);
  return !isAlive(pid);
}

function signal(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    if (pid > 0) process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}

function pidFile(dir: string): string {
  return join(dir, "redis.pid");
}
