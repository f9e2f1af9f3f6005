import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ROOT } from "../support/project.ts";

const SLUICE = join(ROOT, "apps/sluice/bin/sluice");
const RESTART_MS = 300;
const LOOK_MS = 50;

export type Environment = Readonly<Record<string, string>>;

/** Starts the `sluice` command; all that it says is added to the log. */
export function spawnSluice(args: readonly string[], env: Environment, log: string): ChildProcess {
  const file = openSync(log, "a");
  try {
    return spawn(SLUICE, args, {
      env: { PATH: process.env["PATH"] ?? "", ...env },
      stdio: ["ignore", file, file],
    });
  } finally {
    closeSync(file);
  }
}

/** A process that a supervisor keeps running: whenever it ends, it is started again. */
export class KeptProcess implements AsyncDisposable {
  readonly log: string;
  readonly #args: readonly string[];
  readonly #env: Environment;
  readonly #closing = new AbortController();
  readonly #keeping: Promise<void>;
  #child: ChildProcess;
  #isStopped = false;

  constructor(args: readonly string[], env: Environment, log: string) {
    this.#args = args;
    this.#env = env;
    this.log = log;
    this.#child = this.#spawn();
    this.#keeping = this.#keep();
  }

  kill(): void {
    this.#isStopped = false;
    this.#child.kill("SIGKILL");
  }

  stop(): void {
    this.#isStopped = true;
    this.#child.kill("SIGSTOP");
  }

  goOn(): void {
    this.#isStopped = false;
    this.#child.kill("SIGCONT");
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** The first match in what the process that runs now has said; waits for it. */
  async said(pattern: RegExp, signal: AbortSignal): Promise<string> {
    for (;;) {
      const text = await readFile(this.log, "utf8").catch(() => "");
      const [, found] = text.slice(text.lastIndexOf(this.#mark())).match(pattern) ?? [];
      if (found !== undefined) return found;
      await delay(LOOK_MS, undefined, { signal });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#child.kill("SIGCONT");
    this.#child.kill("SIGKILL");
    await this.#keeping;
  }

  /** Every line of `sluice up` says which process it is from, where it says what runs. */
  #mark(): string {
    return `"pid":${this.#child.pid}`;
  }

  #spawn(): ChildProcess {
    return spawnSluice(this.#args, this.#env, this.log);
  }

  async #keep(): Promise<void> {
    for (;;) {
      if (this.#child.exitCode === null && this.#child.signalCode === null) {
        await once(this.#child, "exit");
      }
      const { signal } = this.#closing;
      await delay(RESTART_MS, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      this.#child = this.#spawn();
    }
  }
}
