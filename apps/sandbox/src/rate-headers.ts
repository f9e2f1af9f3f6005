import type { Limits, LimiterState } from "./limiter.ts";

/** How the limits are told. The platform's own pages disagree on the spelling, and gateways on which are sent. */
export interface RateHeaderStyle {
  /** Begins the two concurrency headers: `X-Concurrency-Limit-Running` or `X-ConcurrencyLimit-Running`. */
  readonly headerSpelling: "X-Concurrency-Limit" | "X-ConcurrencyLimit";
  /** All six, only Remaining and ToWait, or none. */
  readonly headers: "all" | "pair" | "none";
  /** Whether the call that is being answered has already been taken off Remaining. */
  readonly remainingCountsCall: boolean;
}

/**
 * The rate headers of one answer, in whole seconds rounded up, as documented at
 * https://docs.qualys.com/en/vmdr-mobile/api/get_started/api_rate_limits.htm.
 * `counted` tells whether the answered call itself has a place in the window.
 */
export function rateHeaders(
  style: RateHeaderStyle,
  limits: Limits,
  state: LimiterState,
  counted: boolean,
): Record<string, string> {
  if (style.headers === "none") return {};
  const remaining = state.remaining + (counted && !style.remainingCountsCall ? 1 : 0);
  const pair = {
    "X-RateLimit-Remaining": String(remaining),
    "X-RateLimit-ToWait-Sec": seconds(state.toWaitMs),
  };
  if (style.headers === "pair") return pair;
  return {
    "X-RateLimit-Limit": String(limits.limit),
    "X-RateLimit-Window-Sec": seconds(limits.windowMs),
    ...pair,
    [`${style.headerSpelling}-Limit`]: String(limits.concurrency),
    [`${style.headerSpelling}-Running`]: String(state.running),
  };
}

function seconds(durationMs: number): string {
  return String(Math.ceil(durationMs / 1000));
}
