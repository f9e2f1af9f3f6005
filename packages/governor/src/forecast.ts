/** What is known when somebody asks how long it will take. */
export interface ForecastFacts {
  /** Assets that still have to be sent. */
  pending: number;
  assetsPerCall: number;
  /** Calls left now, in one window, and the window; null where nothing is known. */
  remaining: number | null;
  limit: number | null;
  windowMs: number | null;
  /** How long a hold keeps everything back. */
  heldMs: number;
}

/** How many calls, and how long at the least; null when the budget is not known. */
export interface Forecast {
  calls: number;
  delayMs: number | null;
}

/**
 * Full batches, all calls used as soon as the window gives them back: a lower bound, and close to it while the
 * budget, and not the server's answers, is what limits.
 */
export function forecast(facts: ForecastFacts): Forecast {
  const calls = Math.ceil(facts.pending / facts.assetsPerCall);
  const { limit, windowMs, heldMs } = facts;
  if (limit === null || windowMs === null) return { calls, delayMs: calls === 0 ? 0 : null };
  const atOnce = heldMs > 0 ? limit : Math.min(limit, facts.remaining ?? limit);
  const windows = Math.ceil(Math.max(0, calls - atOnce) / limit);
  return { calls, delayMs: calls === 0 ? 0 : heldMs + windows * windowMs };
}
