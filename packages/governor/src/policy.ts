/** `live` goes before `backfill`, and part of the calls can be kept for it. */
export type Lane = "live" | "backfill";

/**
 * How calls are spread over the window. `burst`: each as soon as the limit lets it; `spread`: evenly over the window;
 * `auto`: burst when all that waits fits into the calls that are left, else spread.
 */
export type Pacing = "auto" | "burst" | "spread";

/** What an operator decides about the budget; the limits themselves are learned from the server. */
export interface Policy {
  pacing: Pacing;
  /** Calls of each window left to other users of the subscription. */
  callsReserved: number;
  /** From 0 up to 1: the share of a window's calls that backfill leaves to the live lane, while that lane is in use. */
  callsLive: number;
  /** From 0 up to 1: the share of a window's calls that each connector may use to find out which assets of a refused batch are to blame. */
  callsBisection: number;
  /** What a full batch has, until calls have shown how many assets they take. */
  assetsPerCall: number;
  /** What to go by while the server says nothing of its limits. */
  fallback: Limits;
}

export interface Limits {
  /** Calls in any rolling window. */
  limit: number;
  windowMs: number;
  /** Calls in flight at once. */
  concurrency: number;
}

/** Qualys's documented example of a window, and one call at a time. */
export const defaultPolicy: Policy = Object.freeze({
  pacing: "auto",
  callsReserved: 0,
  callsLive: 0.1,
  callsBisection: 0.1,
  assetsPerCall: 100,
  fallback: Object.freeze({ limit: 300, windowMs: 3_600_000, concurrency: 1 }),
});
