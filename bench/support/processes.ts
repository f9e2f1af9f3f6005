import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

/** The command as it is installed. */
export const SLUICE = fileURLToPath(new URL("../../apps/sluice/bin/sluice", import.meta.url));

export type Environment = Readonly<Record<string, string>>;

/** A `sluice` command that runs until it is told to stop. */
export interface SluiceProcess extends AsyncDisposable {
  readonly pid: number;
  /** The object it printed when it was ready. */
  readonly ready: unknown;
  /** Ends it at once, in the midst of whatever it does. */
  kill(): Promise<void>;
}

/** Starts a command that goes on, such as `up`, and waits until it is ready; its log goes to stderr. */
export async function startSluice(
  args: readonly string[],
  env: Environment,
): Promise<SluiceProcess> {
  const child = spawnSluice(args, env);
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), "line"),
    once(child, "exit").then(() => Promise.reject(new Error(`sluice ${args.join(" ")} ended`))),
  ])) as [string];
  return {
    pid: child.pid ?? 0,
    ready: JSON.parse(line) as unknown,
    kill: () => end(child, "SIGKILL"),
    [Symbol.asyncDispose]: () => end(child, "SIGTERM"),
  };
}

/** Runs a command to its end. Throws when it does not end well. */
export async function runSluice(args: readonly string[], env: Environment): Promise<void> {
  await endOf(args, spawnSluice(args, env));
}

/** A command that reads its input to the end. */
export interface FedProcess {
  readonly pid: number;
  /** Rejects when it does not end well. */
  readonly ended: Promise<unknown>;
}

/** Starts a command with texts on its stdin, as fast as it takes them. */
export function feedSluice(
  args: readonly string[],
  env: Environment,
  texts: Iterable<string>,
): FedProcess {
  const child = spawn(SLUICE, [...args, "--json"], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const feeding = pipeline(Readable.from(texts), child.stdin);
  return { pid: child.pid ?? 0, ended: Promise.all([endOf(args, child), feeding]) };
}

async function endOf(args: readonly string[], child: ChildProcess): Promise<void> {
  child.stdout?.resume();
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`sluice ${args.join(" ")} ended with ${code}`);
}

function spawnSluice(args: readonly string[], env: Environment) {
  return spawn(SLUICE, [...args, "--json"], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}
