import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAccount, type Account } from "@sluice/queue";
import { startSandbox, type Sandbox, type SandboxOptions } from "@sluice/sandbox";
import { inject } from "vitest";
import { forgetAccount } from "./accounts.ts";
import { ROOT } from "./project.ts";

const COMMAND = join(ROOT, "apps/sluice/bin/sluice");
/** A command that takes longer hangs; its test then shows what it printed. */
const COMMAND_MS_MAX = 50_000;

type Environment = Readonly<Record<string, string>>;

/** A command that has ended. */
export interface Ended {
  /** Null when a signal ended it. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** A command that runs. Disposing of it stops it, and with it an embedded Redis that nobody else uses. */
export interface Running extends AsyncDisposable {
  readonly ended: Promise<Ended>;
  /** What it has printed on stderr so far. */
  readonly stderr: string;
  /** Resolves with the first line of stdout or stderr that matches; rejects when the command ends without one. */
  line(pattern: RegExp): Promise<RegExpMatchArray>;
  signal(name: NodeJS.Signals): void;
}

interface StartOptions {
  /** Nothing else of the environment reaches the command, but PATH. */
  env: Environment;
  cwd: string;
  /** What its stdin holds. Default: nothing. */
  input?: string | Buffer;
  /** Whether more could come on stdin. Default: no. */
  isInputOpen?: boolean;
}

/** Starts the `sluice` command as a process of its own. */
function startSluice(args: readonly string[], options: StartOptions): Running {
  const { env, cwd, input = "" } = options;
  const child = spawn(COMMAND, args, { cwd, env: { PATH: process.env["PATH"] ?? "", ...env } });
  const output = { stdout: "", stderr: "" };
  const watchers = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      for (const watch of watchers) watch();
    });
  }
  // A command that reads nothing may be gone before its input is written.
  child.stdin.on("error", () => {}).write(input);
  if (!options.isInputOpen) child.stdin.end();
  const ended = endOf(child, output);
  return {
    ended,
    get stderr() {
      return output.stderr;
    },
    signal: (name) => void child.kill(name),
    async line(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpMatchArray>();
      const watch = () => {
        const match = wholeLines(output.stdout).match(pattern);
        const found = match ?? wholeLines(output.stderr).match(pattern);
        if (found) resolve(found);
      };
      watchers.add(watch);
      watch();
      void ended.then((end) =>
        reject(new Error(`No line matches ${pattern} in ${JSON.stringify(end)}`)),
      );
      return await promise.finally(() => watchers.delete(watch));
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      // One that a test has stopped hears it when it goes on.
      child.kill("SIGCONT");
      await ended;
    },
  };
}

function endOf(child: ChildProcess, output: { stdout: string; stderr: string }): Promise<Ended> {
  const timer = setTimeout(() => child.kill("SIGKILL"), COMMAND_MS_MAX);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => {
      clearTimeout(timer);
      resolve({ exitCode, ...output });
    });
  });
}

function wholeLines(text: string): string {
  return text.slice(0, text.lastIndexOf("\n") + 1);
}

/** A place for commands to work in: a folder, a sandbox, and an account of its own on the tests' Redis. */
export interface Place extends AsyncDisposable {
  readonly dir: string;
  readonly sandbox: Sandbox;
  readonly account: Account;
  /** The whole configuration; `REDIS_URL` is the tests' Redis. */
  readonly env: Environment;
  /** The same with an embedded Redis below `dir`. */
  readonly embedded: Environment;
  /** Writes a file of the folder. */
  write(name: string, text: string | Buffer): Promise<void>;
  run(
    args: readonly string[],
    options?: { env?: Environment; input?: string | Buffer },
  ): Promise<Ended>;
  start(args: readonly string[], options?: Partial<StartOptions>): Running;
}

export async function openPlace(options: SandboxOptions = {}): Promise<Place> {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "sluice-cli-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const redisUrl = inject("redisUrl");
  const name = `test-${randomBytes(6).toString("hex")}`;
  const account = stack.use(await openAccount({ redisUrl, account: name }));
  stack.defer(() => forgetAccount(account));
  const sandbox = stack.use(await startSandbox({ password: `pass-${randomUUID()}`, ...options }));
  const embedded = {
    SLUICE_ACCOUNT: name,
    SLUICE_DATA_DIR: join(dir, "data"),
    SLUICE_BATCH_ASSETS_MAX: "10",
    QUALYS_GATEWAY_URL: sandbox.url,
    QUALYS_USERNAME: sandbox.username,
    QUALYS_PASSWORD: sandbox.password,
    QUALYS_CONNECTOR_UUID: sandbox.connectorUuid,
  };
  const env = { ...embedded, REDIS_URL: redisUrl };
  const place = { env, cwd: dir };
  const owned = stack.move();
  return {
    dir,
    sandbox,
    account,
    env,
    embedded,
    write: (file, text) => writeFile(join(dir, file), text),
    run: (args, chosen) => startSluice(args, { ...place, ...chosen }).ended,
    start: (args, chosen) => owned.use(startSluice(args, { ...place, ...chosen })),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** NDJSON of assets `host-1` to `host-COUNT`. */
export function hostLines(count: number): string {
  return Array.from({ length: count }, (_, index) => {
    const host = { id: `host-${index + 1}`, hostname: `host-${index + 1}`, os: "Debian 12" };
    return `${JSON.stringify(host)}\n`;
  }).join("");
}

/** Every key of an account and every value, as text. */
export async function contentOf({ client, base }: Account): Promise<string> {
  const parts: string[] = [];
  for (const key of await client.keys(`${base}*`)) {
    parts.push(key, ...(await valuesOf(client, key)));
  }
  return parts.join("\n");
}

async function valuesOf(client: Account["client"], key: string): Promise<string[]> {
  switch (await client.type(key)) {
    case "string":
      return [(await client.get(key)) ?? ""];
    case "hash":
      return Object.entries(await client.hgetall(key)).flat();
    case "list":
      return await client.lrange(key, 0, -1);
    case "set":
      return await client.smembers(key);
    case "zset":
      return await client.zrange(key, "0", "-1");
    case "stream":
      return (await client.xrange(key, "-", "+")).flatMap(([, fields]) => fields);
    case "none":
      // It has expired since it was listed.
      return [];
    default:
      throw new Error(`Cannot read "${key}": it is of another type`);
  }
}
