import { setTimeout as delay } from "node:timers/promises";
import type { Duty, DueWork } from "./duty.ts";

/** Duties that go by what there is to do in one place. */
export interface Watched {
  duties: readonly Duty[];
  /** A fresh look at what could be done; null when Redis does not answer. Must not reject, must not take for ever. */
  look: () => Promise<DueWork | null>;
}

export interface WatchOptions {
  /** All that is to be done now; roles may begin and end meanwhile. */
  watched: () => readonly Watched[];
  /** How long a duty may be due and not done. */
  timeoutMs: number;
  /** Told when a duty is neglected, as a sentence, and with null when it is done again. */
  tell: (problem: string | null) => void;
  signal: AbortSignal;
}

/** Looks in the time after which a duty is neglected. */
const LOOKS = 4;

/**
 * Watches over duties. Resolves to true when one was told to be neglected and still is at the next look, so that whoever
 * asks meanwhile learns the reason; to false when the signal comes.
 */
export async function watchDuties(options: WatchOptions): Promise<boolean> {
  const { timeoutMs, tell, signal } = options;
  let told: string | null = null;
  for (;;) {
    await delay(timeoutMs / LOOKS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return false;
    const missed = await Promise.all(options.watched().map(lookAt));
    const neglected = missed.flat().find(({ looks }) => looks >= LOOKS);
    if (neglected && told !== null) return true;
    const problem = neglected ? problemOf(neglected.duty, timeoutMs) : null;
    if (problem !== told) tell(problem);
    told = problem;
  }
}

async function lookAt({ duties, look }: Watched): Promise<{ duty: Duty; looks: number }[]> {
  const work = await look();
  return duties.map((duty) => ({ duty, looks: duty.look(work) }));
}

function problemOf({ name }: Duty, timeoutMs: number): string {
  return `nothing was done for ${timeoutMs / 1_000} s although it is due to ${name}`;
}
