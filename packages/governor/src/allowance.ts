import type { Lane } from "./policy.ts";
import type { GovernorState } from "./state.ts";
import { callsInWindow, inFlight, leavesWindowAt, limitOf, windowMsOf } from "./window.ts";

/** A reading older than this, or than half a window, is no ground for more than one call at a time. */
const FRESH_MS_MAX = 60_000;
/** No more than this whatever the server says, so that what is known of calls in flight stays small. */
const CONCURRENCY_MAX = 1_000;

/**
 * Whether one call at a time has to find out how things are: nothing is known yet, the last call was one too many, or so
 * long ago that a jump of the clock may have emptied our window before the server's.
 */
export function isProbing(state: GovernorState, nowMs: number): boolean {
  const { answeredAtMs, limited, crowded } = state;
  if (answeredAtMs === null || limited.inRow > 0 || crowded.inRow > 0) return true;
  return nowMs - answeredAtMs > Math.min(FRESH_MS_MAX, windowMsOf(state) / 2);
}

/** Calls that may be in flight at once. */
export function concurrencyOf(state: GovernorState, nowMs: number): number {
  return isProbing(state, nowMs) ? 1 : usualConcurrency(state);
}

/** Calls that may be in flight at once unless one has to probe; some are left to others where they are seen, but never all. */
export function usualConcurrency({ concurrency, policy, slotSlack }: GovernorState): number {
  const told = Math.min(concurrency ?? policy.fallback.concurrency, CONCURRENCY_MAX);
  return Math.max(1, told - slotSlack.count);
}

/** Whether the live lane was used within the window, so that calls are kept for it. */
export function isLiveInUse(state: GovernorState, nowMs: number): boolean {
  return state.liveAtMs !== null && nowMs - state.liveAtMs < windowMsOf(state);
}

/**
 * How many calls of ours may be in the window, for a call of that lane. Some are kept for the live lane where the others
 * might all be gone at once; where calls are spread, the next one is never far.
 */
export function allowedCalls(state: GovernorState, lane: Lane, nowMs: number): number {
  const limit = limitOf(state);
  const { callsReserved, callsLive } = state.policy;
  const foreign = foreignLeaveAt(state, nowMs) === null ? 0 : state.foreign;
  const ours = limit - callsReserved - foreign - Math.min(state.slack.count, Math.floor(limit / 4));
  const isKept = lane === "backfill" && !state.isSpread && isLiveInUse(state, nowMs);
  // Whatever is left to others: while none of them was seen, one call is ours.
  return Math.max(foreign > 0 ? 0 : 1, ours - (isKept ? Math.ceil(limit * callsLive) : 0));
}

/** Calls of others are believed until a window after the reading that showed them; null: none are. */
function foreignLeaveAt(state: GovernorState, nowMs: number): number | null {
  if (state.foreign === 0 || state.readAtMs === null) return null;
  const leaveAtMs = state.readAtMs + windowMsOf(state);
  return leaveAtMs > nowMs ? leaveAtMs : null;
}

/** Whether the server tells only what remains, and no limit: then that governs, and not our window. */
export function isPairOnly(state: GovernorState): boolean {
  return state.limit === null && state.remaining !== null;
}

/** How many calls of a lane could be made at once, if they were all made now. */
export function freeCalls(state: GovernorState, lane: Lane, nowMs: number): number {
  if (isPairOnly(state)) return Math.max(0, state.left ?? 0);
  return Math.max(0, allowedCalls(state, lane, nowMs) - callsInWindow(state, nowMs));
}

/** When the window has room for a call of a lane; `nowMs` when it has. Null: as soon as a call in flight is answered. */
export function windowOpensAt(state: GovernorState, lane: Lane, nowMs: number): number | null {
  if (isPairOnly(state)) {
    // Nothing in flight and nothing left, and yet no hold: a probe.
    return (state.left ?? 0) > 0 || inFlight(state) === 0 ? nowMs : null;
  }
  const surplus = callsInWindow(state, nowMs) - allowedCalls(state, lane, nowMs) + 1;
  if (surplus <= 0) return nowMs;
  const ours = leavesWindowAt(state, surplus, nowMs);
  const theirs = foreignLeaveAt(state, nowMs);
  return theirs === null ? ours : Math.min(ours ?? Infinity, theirs);
}
