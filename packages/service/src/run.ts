import { setTimeout as delay } from "node:timers/promises";

/** Where signals come from; `process`, but for tests. */
export interface SignalSource {
  on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  off(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
}

export interface RunOptions {
  signals?: SignalSource;
  /** Ends the process at once. Default: `process.exit`. */
  exit?: (code: number) => void;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs `main` with a signal that aborts on the first SIGINT or SIGTERM: it then drains and closes what it opened. A second
 * one ends the process at once, which is safe, because every step can be repeated.
 */
export async function runUntilSignal<T>(
  main: (signal: AbortSignal) => Promise<T>,
  options: RunOptions = {},
): Promise<T> {
  const signals = options.signals ?? process;
  const exit = options.exit ?? ((code: number) => process.exit(code));
  const controller = new AbortController();
  const listeners = SIGNALS.map((name) => {
    const listener = () => {
      if (controller.signal.aborted) exit(EXIT_CODES[name]);
      else controller.abort();
    };
    signals.on(name, listener);
    return { name, listener };
  });
  try {
    return await main(controller.signal);
  } finally {
    for (const { name, listener } of listeners) signals.off(name, listener);
  }
}

/** Resolves when the signal aborts. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

/** Waits, or less when the signal aborts. Never throws. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await delay(delayMs, undefined, { signal }).catch(() => {});
}
