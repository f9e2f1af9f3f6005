import { freeCalls } from "./allowance.ts";
import type { GovernorState } from "./state.ts";
import { limitOf, windowMsOf } from "./window.ts";

/** Calls made of late to find out which assets of refused batches are to blame. */
export interface BisectionCalls {
  count: number;
  /** When the first of them was made: a window later they are forgotten. */
  sinceMs: number;
}

/**
 * When a suspect of a connector may be sent: at once while the connector's share of the window's calls for bisection lasts,
 * or while all else that waits needs fewer calls than are free; else when the next share begins.
 */
export function bisectionOpensAt(
  state: GovernorState,
  connector: string,
  otherAssets: number,
  nowMs: number,
): number {
  if (otherAssets <= spareAssets(state, nowMs)) return nowMs;
  return Math.max(nowMs, shareOpensAt(state, connector, nowMs));
}

/** When a connector's share lets a suspect go, whatever else waits; in the past when it does now. */
export function shareOpensAt(state: GovernorState, connector: string, nowMs: number): number {
  const made = callsOf(state, connector, nowMs);
  const share = Math.max(1, Math.floor(limitOf(state) * state.policy.callsBisection));
  return made.count < share ? 0 : made.sinceMs + windowMsOf(state);
}

/** How many assets may wait and yet leave a call free. */
export function spareAssets(state: GovernorState, nowMs: number): number {
  const calls = Math.max(0, freeCalls(state, "backfill", nowMs) - 1);
  return Math.floor(calls * (state.assetsPerCall ?? state.policy.assetsPerCall));
}

/** Books a call for a suspect; what windows have passed over is forgotten. */
export function countBisection(
  state: GovernorState,
  connector: string,
  nowMs: number,
): Readonly<Record<string, BisectionCalls>> {
  const { count, sinceMs } = callsOf(state, connector, nowMs);
  const fresh = Object.entries(state.bisection).filter(([, calls]) => isFresh(state, calls, nowMs));
  return { ...Object.fromEntries(fresh), [connector]: { count: count + 1, sinceMs } };
}

function callsOf(state: GovernorState, connector: string, nowMs: number): BisectionCalls {
  const made = state.bisection[connector];
  return made && isFresh(state, made, nowMs) ? made : { count: 0, sinceMs: nowMs };
}

function isFresh(state: GovernorState, { sinceMs }: BisectionCalls, nowMs: number): boolean {
  return sinceMs + windowMsOf(state) > nowMs;
}
