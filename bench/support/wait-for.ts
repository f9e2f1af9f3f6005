import { setTimeout as delay } from "node:timers/promises";

/** How long to wait at the most, and how long between two looks. */
interface Patience {
  waitMsMax?: number;
  everyMs?: number;
}

/** Waits until there is something, and returns it. Throws when it takes too long: two minutes, unless told otherwise. */
export async function waitFor<Found>(
  what: string,
  look: () => Promise<Found | false | undefined>,
  { waitMsMax = 120_000, everyMs = 20 }: Patience = {},
): Promise<Found> {
  const untilMs = performance.now() + waitMsMax;
  while (performance.now() < untilMs) {
    const found = await look();
    if (found !== false && found !== undefined) return found;
    await delay(everyMs);
  }
  throw new Error(`Cannot go on: ${what} did not come within ${waitMsMax / 1_000} s`);
}
