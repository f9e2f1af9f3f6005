import { setTimeout as delay } from "node:timers/promises";

const WAIT_MS_MAX = 120_000;

/** Waits until there is something, and returns it. Throws when it takes too long. */
export async function waitFor<Found>(
  what: string,
  look: () => Promise<Found | false | undefined>,
  everyMs = 20,
): Promise<Found> {
  const untilMs = performance.now() + WAIT_MS_MAX;
  while (performance.now() < untilMs) {
    const found = await look();
    if (found !== false && found !== undefined) return found;
    await delay(everyMs);
  }
  throw new Error(`Cannot go on: ${what} did not come within ${WAIT_MS_MAX / 1_000} s`);
}
