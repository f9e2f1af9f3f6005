import { allowedCalls, freeCalls, isPairOnly, windowOpensAt } from "./allowance.ts";
import type { Lane } from "./policy.ts";
import type { GovernorState } from "./state.ts";
import { leavesWindowAt, windowMsOf } from "./window.ts";

/** A little faster than even, so that the window and not the pace is what limits in the long run. */
const PACE_SHARE = 0.99;
/** So many calls may catch up at once with a pace that fell behind. */
const CATCH_UP_CALLS = 4;
/** A call in flight ends, and nobody knows when. */
export const LOOK_MS = 50;

/** About how many calls so many assets will take. */
export function callsFor({ assetsPerCall, policy }: GovernorState, assets: number): number {
  return Math.ceil(assets / Math.max(1, assetsPerCall ?? policy.assetsPerCall));
}

/** Whether to spread calls over the window, with so many calls waiting. */
export function shouldSpread(state: GovernorState, waitingCalls: number, nowMs: number): boolean {
  const { pacing } = state.policy;
  if (pacing === "burst" || isPairOnly(state)) return false;
  return pacing === "spread" || waitingCalls > freeCalls(state, "live", nowMs);
}

/** When the pace allows a call of a lane; 0 when there is none to keep. */
export function paceOpensAt(
  state: GovernorState,
  lane: Lane,
  waitingCalls: number,
  nowMs: number,
): number {
  if (state.isSpread) return evenPaceOpensAt(state, nowMs);
  const free = freeCalls(state, "live", nowMs);
  if (lane === "backfill" || free === 0 || waitingCalls <= free) return 0;
  // What backfill leaves must last until its calls come back.
  const comesBackAtMs = leavesWindowAt(state, 1, nowMs) ?? nowMs;
  return state.lastCallAtMs + (comesBackAtMs - nowMs) / free;
}

/** From one call to the next when they are spread. */
export function paceMs(state: GovernorState, nowMs: number): number {
  return (PACE_SHARE * windowMsOf(state)) / Math.max(1, allowedCalls(state, "backfill", nowMs));
}

function evenPaceOpensAt(state: GovernorState, nowMs: number): number {
  const intervalMs = paceMs(state, nowMs);
  return pacedAtMs(state, intervalMs) - (CATCH_UP_CALLS - 1) * intervalMs;
}

/** Books a call on the even pace (the generic cell rate algorithm, ITU-T I.371). */
export function pacedAfter(state: GovernorState, nowMs: number): number {
  const intervalMs = paceMs(state, nowMs);
  return Math.max(pacedAtMs(state, intervalMs), nowMs) + intervalMs;
}

/** What was booked under other limits goes no further than today's. */
function pacedAtMs({ pacedAtMs: bookedMs, lastCallAtMs }: GovernorState, intervalMs: number) {
  return Math.min(bookedMs, lastCallAtMs + CATCH_UP_CALLS * intervalMs);
}

/**
 * When a batch that is not full may be cut at the earliest: the fewer calls are free, the longer after the last call, so
 * that a trickle never takes the calls that full batches need. An idle account has all of them free.
 */
export function partialOpensAt(state: GovernorState, nowMs: number): number {
  const free = freeCalls(state, "live", nowMs);
  if (free > 0) return state.lastCallAtMs + windowMsOf(state) / free;
  return windowOpensAt(state, "live", nowMs) ?? nowMs + LOOK_MS;
}
