import { allowedCalls, freeCalls, isPairOnly, usualConcurrency } from "./allowance.ts";
import { longestHold } from "./holds.ts";
import { callsFor, paceMs, shouldSpread } from "./pace.ts";
import type { GovernorState } from "./state.ts";
import { callsInWindow, inFlight, leavesWindowAt, windowMsOf } from "./window.ts";

/** How many calls the backlog takes, and when the last of them will be made; null when that is not known. */
export interface Forecast {
  calls: number;
  doneAtMs: number | null;
}

/** Full batches, each call as soon as holds, window, pace and slots let it. */
export function forecast(state: GovernorState, assets: number, nowMs: number): Forecast {
  const calls = callsFor(state, assets);
  if (calls === 0) return { calls, doneAtMs: nowMs };
  const hold = longestHold(state, "account", nowMs)?.hold;
  if (hold?.untilMs === null || isPairOnly(state)) return { calls, doneAtMs: null };
  const waiting = Math.max(0, calls - inFlight(state));
  // What leaves the window during a hold is free at its end.
  const beginsAtMs = hold?.untilMs ?? nowMs;
  const doneAtMs = Math.max(
    byAnswers(state, calls, beginsAtMs),
    byWindow(state, waiting, beginsAtMs),
    byPace(state, waiting, beginsAtMs),
  );
  return { calls, doneAtMs };
}

/** As many calls at once as may be, each as long as usual. */
function byAnswers(state: GovernorState, calls: number, nowMs: number): number {
  return nowMs + (calls * (state.usualMs ?? 0)) / usualConcurrency(state);
}

/** When the window has room for the last of so many calls: each place is taken again a window later. */
function byWindow(state: GovernorState, calls: number, nowMs: number): number {
  const free = freeCalls(state, "backfill", nowMs);
  if (calls <= free) return nowMs;
  const allowed = Math.max(1, allowedCalls(state, "backfill", nowMs));
  const windowMs = windowMsOf(state);
  const surplus = callsInWindow(state, nowMs) - allowed;
  const rounds = Math.floor((calls - free - 1) / allowed);
  const place = ((calls - free - 1) % allowed) + 1;
  // Places that are free now are taken at once, and come back a window after.
  const opensAtMs = leavesWindowAt(state, place + Math.max(0, surplus), nowMs) ?? nowMs + windowMs;
  return opensAtMs + rounds * windowMs;
}

/** When the pace has let the last of so many calls go: places that are taken at a pace come back at that pace. */
function byPace(state: GovernorState, calls: number, nowMs: number): number {
  if (!shouldSpread(state, calls, nowMs)) return nowMs;
  const intervalMs = paceMs(state, nowMs);
  const beyond = calls - allowedCalls(state, "backfill", nowMs);
  if (beyond > 0) return nowMs + beyond * intervalMs + windowMsOf(state);
  // Before that, `auto` goes over to a burst as soon as the window has room for all.
  return state.policy.pacing === "spread" ? nowMs + calls * intervalMs : nowMs;
}
