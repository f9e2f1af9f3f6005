import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { ChunkRecord, Transform, Transformed } from "@sluice/inventory";
import type { Isolation, Killed } from "@sluice/pipeline";

/** How another process makes the transform of a connector: plain data. */
export interface TransformRecipe {
  /** The address of a module that exports `loadTransform`. */
  module: string;
  /** What `loadTransform` takes. */
  settings: unknown;
}

export type LoadTransform = (settings: unknown) => Promise<Transform>;

/** What a process of its own is told: first how records become assets, then one record after another. */
export type ToIsolated = { recipe: TransformRecipe } | { record: ChunkRecord };
/** What it answers: whether it is ready, then what became of each record. */
export type FromIsolated =
  | { kind: "ready" }
  | { kind: "unready"; why: string }
  | Transformed
  | Killed;

/** Far more than any record takes, also on a machine that has other things to do. */
const RECORD_MS_MAX = 10_000;
/** Loading the code, on a busy machine. */
const READY_MS_MAX = 60_000;
const HEAP_MB_MAX = 256;
/** How much of what the process says at its end is looked at. */
const LAST_WORDS_CHARS = 64_000;

/**
 * Transforms records in a process of its own, so that one which exhausts the heap, never ends, exits, or crashes Node
 * itself costs that process and no more. A thread would not do: a native crash and `process.kill` reach all of them.
 */
export class IsolatedProcess implements Isolation {
  readonly #recipe: TransformRecipe;
  readonly #signal: AbortSignal;
  readonly #recordMsMax: number;
  #child: ChildProcess | null = null;
  #lastWords = "";

  /** @param signal ends what is under way: the chunk is left to whoever takes it next */
  constructor(recipe: TransformRecipe, signal: AbortSignal, recordMsMax: number = RECORD_MS_MAX) {
    this.#recipe = recipe;
    this.#signal = signal;
    this.#recordMsMax = recordMsMax;
  }

  async transform(record: ChunkRecord): Promise<Transformed | Killed> {
    if (this.#child === null) await this.#start();
    const answer = await this.#ask({ record }, this.#recordMsMax);
    if (answer.kind === "ready" || answer.kind === "unready") {
      throw new Error("Cannot transform in isolation: unasked answer");
    }
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }

  async #start(): Promise<void> {
    const child = fork(new URL("./isolated-transform.ts", import.meta.url), {
      execArgv: [...process.execArgv, `--max-old-space-size=${HEAP_MB_MAX}`],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child = child;
    this.#lastWords = "";
    child.on("error", () => {});
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS_CHARS);
    });
    const answer = await this.#ask({ recipe: this.#recipe }, READY_MS_MAX);
    if (answer.kind === "ready") return;
    await this.#end();
    throw new Error(`Cannot begin to transform in isolation: ${whyNot(answer)}`);
  }

  /** Sends a message and waits for its answer, for the end of the process, or for the end of the time. */
  async #ask(message: ToIsolated, msMax: number): Promise<FromIsolated> {
    const child = this.#child;
    if (child === null) throw new Error("Cannot transform in isolation: no process runs");
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#signal]);
    // An answer that is there counts, also for a worker that was stopped for longer and sees its timers first.
    const timer = setTimeout(() => setImmediate(() => over.abort()), msMax);
    child.send(message, () => {});
    try {
      return await Promise.race([
        once(child, "message", { signal }).then(([answer]) => answer as FromIsolated),
        once(child, "close", { signal }).then(() => this.#killed(child)),
      ]);
    } catch (cause) {
      await this.#end();
      if (this.#signal.aborted) {
        throw new Error("Cannot go on in isolation: the worker stops; the next one goes on", {
          cause,
        });
      }
      if (!over.signal.aborted) throw cause;
      return { kind: "killed", how: `it took longer than ${msMax} ms` };
    } finally {
      clearTimeout(timer);
      over.abort();
    }
  }

  #killed(child: ChildProcess): Killed {
    this.#child = null;
    const { exitCode, signalCode } = child;
    if (this.#lastWords.includes("out of memory")) {
      return { kind: "killed", how: `it took more than ${HEAP_MB_MAX} MB of memory` };
    }
    const end = signalCode === null ? `code ${exitCode}` : signalCode;
    return { kind: "killed", how: `it ended its process with ${end}` };
  }

  async #end(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "close");
    child.kill("SIGKILL");
    await ended;
  }
}

function whyNot(answer: FromIsolated): string {
  if (answer.kind === "unready") return answer.why;
  return answer.kind === "killed" ? answer.how : "it answered something else";
}
