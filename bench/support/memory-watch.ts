import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** The resident memory of a process over its life, in megabytes. */
export interface MemoryUse {
  process: string;
  /** The median of the first and of the last third of its life: alike where nothing grows. */
  earlyMb: number;
  lateMb: number;
  /** The most there ever was, as Linux has kept it. */
  peakMb: number;
}

interface Watched {
  name: string;
  pid: number;
  samples: number[];
  peakMb: number;
}

const SAMPLE_MS = 250;

/** Looks at processes a few times a second, until disposed of. */
export class MemoryWatch implements AsyncDisposable {
  readonly #watched: Watched[] = [];
  readonly #stopping = new AbortController();
  readonly #look: () => Promise<void>;
  readonly #watching: Promise<void>;

  /** @param look is done beside each look, for what else is to be sampled */
  constructor(look: () => Promise<void>) {
    this.#look = look;
    this.#watching = this.#watch();
  }

  add(name: string, pid: number): void {
    this.#watched.push({ name, pid, samples: [], peakMb: 0 });
  }

  uses(): MemoryUse[] {
    return this.#watched.map(({ name, samples, peakMb }) => {
      const third = Math.ceil(samples.length / 3);
      const [earlyMb, lateMb] = [median(samples.slice(0, third)), median(samples.slice(-third))];
      return { process: name, earlyMb, lateMb, peakMb };
    });
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      for (const watched of this.#watched) sample(watched);
      await this.#look();
      await delay(SAMPLE_MS, undefined, { signal }).catch(() => {});
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#watching;
  }
}

function sample(watched: Watched): void {
  const status = readStatus(watched.pid);
  const resident = megabytes(status, "VmRSS");
  if (resident === null) return;
  watched.samples.push(resident);
  watched.peakMb = megabytes(status, "VmHWM") ?? resident;
}

/** Empty when the process has ended. */
function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}

function megabytes(status: string, name: string): number | null {
  const kb = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1];
  return kb === undefined ? null : Math.round((Number(kb) * 1_024) / 1_000_000);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
