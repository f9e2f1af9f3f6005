import { Worker } from "node:worker_threads";

/** What the thread is told at its start. */
export interface LoopWatch {
  /** Counted up by the loop that is watched. */
  beats: Int32Array;
  timeoutMs: number;
  /** For the log line. */
  app: string;
  /** The name of the global function that starts the process again. */
  restart: string;
}

/** What a small loop needs: one that uses more has a mistake in it. */
const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 };
const BEATS = 16;
const RESTART = "sluiceRestart";

/**
 * Watches this process's event loop from a thread of its own, until disposed of: when it has stood still for that long,
 * the process starts again, or is killed where even that can't be done.
 */
export function watchLoop(app: string, timeoutMs: number, restart: () => never): AsyncDisposable {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const beating = setInterval(() => Atomics.add(beats, 0, 1), timeoutMs / BEATS);
  Object.defineProperty(globalThis, RESTART, { value: restart, configurable: true });
  const workerData: LoopWatch = { beats, timeoutMs, app, restart: RESTART };
  const url = new URL("./loop-watchdog-thread.ts", import.meta.url);
  const thread = new Worker(url, { workerData, resourceLimits: LIMITS });
  beating.unref();
  thread.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(beating);
      await thread.terminate();
    },
  };
}
