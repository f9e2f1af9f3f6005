import type { IncomingHttpHeaders } from "node:http";
import type { Reading } from "@sluice/governor";

/** No subscription is given a number of calls near this; larger numbers are cut down to it. */
export const callsMax = 1_000_000_000;
/** The longest documented window is a day, so no honest wait is longer. */
export const toWaitMsMax = 86_400_000;
/** Room above the longest documented window, which is a day. */
export const windowMsMax = 31 * 86_400_000;

/**
 * Reads Qualys's six rate headers, and `Retry-After` where there is no `X-RateLimit-ToWait-Sec`.
 *
 * Qualys prints `X-Concurrency-Limit-Limit` on one page (VM/PC API guide, "HTTP headers") and
 * `X-ConcurrencyLimit-Limit` on another (VMDR Mobile API guide, "API rate limits"), so hyphens and
 * case are ignored. Never throws: what makes no
 * sense is `null`, what is out of bounds is brought to the bound. Counts are rounded down and
 * durations up, which is the careful side of each.
 */
export function readHeaders(headers: IncomingHttpHeaders, nowMs: number): Reading {
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === "string") {
      values.set(name.toLowerCase().replaceAll("-", ""), value.trim());
    }
  }
  // The server's own clock, when it tells: a date it names is then free of clock skew.
  const serverNowMs = dateMs(values.get("date")) ?? nowMs;
  return {
    limit: count(values.get("xratelimitlimit"), 1),
    windowMs: spanMs(values.get("xratelimitwindowsec"), windowMsMax),
    remaining: count(values.get("xratelimitremaining"), 0),
    toWaitMs:
      waitMs(values.get("xratelimittowaitsec"), serverNowMs) ??
      waitMs(values.get("retryafter"), serverNowMs),
    concurrencyLimit: count(values.get("xconcurrencylimitlimit"), 1),
    concurrencyRunning: count(values.get("xconcurrencylimitrunning"), 0),
  };
}

function count(text: string | undefined, least: 0 | 1): number | null {
  const value = decimal(text);
  if (value === null) {
    return null;
  }
  const whole = Math.min(Math.floor(value), callsMax);
  // Below zero is an overdrawn budget; a limit of nothing makes no sense.
  return least === 0 ? Math.max(whole, 0) : whole >= 1 ? whole : null;
}

function spanMs(text: string | undefined, mostMs: number): number | null {
  const value = decimal(text);
  if (value === null) {
    return null;
  }
  const ms = Math.min(Math.ceil(value * 1000), mostMs);
  return ms >= 1 ? ms : null;
}

/** Seconds, or the date when the wait is over. */
function waitMs(text: string | undefined, nowMs: number): number | null {
  const seconds = decimal(text);
  const untilMs = dateMs(text);
  const ms = seconds !== null ? seconds * 1000 : untilMs !== null ? untilMs - nowMs : null;
  return ms === null ? null : Math.min(Math.max(Math.ceil(ms), 0), toWaitMsMax);
}

function decimal(text: string | undefined): number | null {
  return text !== undefined && /^[+-]?\d{1,300}(?:\.\d*)?$/.test(text) ? Number(text) : null;
}

/** An HTTP date or an ISO 8601 time; `Date.parse` alone would find a date in almost anything. */
function dateMs(text: string | undefined): number | null {
  if (text === undefined || !/^[A-Z][a-z]+,? .* GMT$|^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text)) {
    return null;
  }
  const ms = Date.parse(text);
  return Number.isFinite(ms) ? ms : null;
}
