import type { Counts } from "./api.ts";

type Listener = (counts: Counts) => void;

const listeners = new Set<Listener>();

/** Begins to follow the sandbox. `told` hears of each state, and of a connection that was lost (`undefined`). */
export function follow(told: (counts: Counts | undefined) => void): void {
  const stream = new EventSource("sandbox/events");
  stream.addEventListener("state", (event) => {
    const { counts } = JSON.parse(event.data as string) as { counts: Counts };
    told(counts);
    for (const listener of listeners) listener(counts);
  });
  stream.addEventListener("error", () => told(undefined));
}

/**
 * Calls `task` when something has changed in the sandbox, and every `everyMs` if given, until the signal aborts: never
 * twice at once, the less often the longer it takes, and not while nobody looks at the page. What fails is tried again
 * with the next change.
 */
export function onChange(
  task: () => Promise<void>,
  { signal, everyMs }: { signal: AbortSignal; everyMs?: number },
): void {
  let isRunning = false;
  let isWanted = false;

  async function work(): Promise<void> {
    while (isWanted && !signal.aborted && !document.hidden) {
      isWanted = false;
      const beganMs = performance.now();
      await task().catch(() => {});
      // However long an answer takes, the page costs the sandbox a quarter of its time at most.
      await passed((performance.now() - beganMs) * 3, signal);
    }
  }

  function want(): void {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    void work().finally(() => (isRunning = false));
  }

  listeners.add(want);
  document.addEventListener("visibilitychange", want, { signal });
  const timer = everyMs === undefined ? undefined : setInterval(want, everyMs);
  signal.addEventListener("abort", () => {
    listeners.delete(want);
    clearInterval(timer);
  });
}

/** Resolves after `delayMs`, or when the signal aborts. */
function passed(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delayMs);
    const stop = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}
