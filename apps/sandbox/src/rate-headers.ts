import type { Behaviour } from "./behaviour.ts";
import type { Limits, LimiterState } from "./limiter.ts";

/** How the limits are told. The platform's own pages disagree on the spelling, and gateways on which are sent. */
export type RateHeaderStyle = Pick<
  Behaviour,
  "headers" | "headerSpelling" | "remainingCountsCall" | "toWait" | "retryAfter"
>;

/**
 * The rate headers of one answer, in whole seconds rounded up unless the style says otherwise, as documented at
 * https://docs.qualys.com/en/vmdr-mobile/api/get_started/api_rate_limits.htm.
 * `counted` tells whether the answered call itself has a place in the window.
 */
export function rateHeaders(
  style: RateHeaderStyle,
  limits: Limits,
  state: LimiterState,
  counted: boolean,
): Record<string, string> {
  const retry: Record<string, string> =
    style.retryAfter && !counted && state.toWaitMs > 0
      ? { "Retry-After": seconds(state.toWaitMs) }
      : {};
  if (style.headers === "none") return retry;
  const remaining = state.remaining + (counted && !style.remainingCountsCall ? 1 : 0);
  const pair = {
    "X-RateLimit-Remaining": String(remaining),
    ...toWait(style, state),
    ...retry,
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

function toWait({ toWait }: RateHeaderStyle, { toWaitMs }: LimiterState): Record<string, string> {
  if (toWait === "missing") return {};
  const text = toWait === "up" ? seconds(toWaitMs) : String(Math.floor(toWaitMs / 1000));
  return { "X-RateLimit-ToWait-Sec": text };
}

function seconds(durationMs: number): string {
  return String(Math.ceil(durationMs / 1000));
}
