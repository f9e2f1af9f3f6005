import type { GovernorState, ScoredCalls } from "./state.ts";

/** Between our clock's ticks and the server's. */
const MARGIN_MS = 5;
/** From the quickest call to the usual one, taken off the quickest so many times: none of 3,000 modelled servers refused. */
const VARIATIONS = 2;
/** Calls this near to each other, as a share of the window, leave it together: so the ledger stays small. */
const GRAIN = 1 / 1_000;
const GRAIN_COARSE = 1 / 100;
const LIMIT_FINE = 10_000;

/** The window that counts: the server's, else the policy's. */
export function windowMsOf(state: GovernorState): number {
  return state.windowMs ?? state.policy.fallback.windowMs;
}

/** The limit that counts: the server's, else the policy's. */
export function limitOf(state: GovernorState): number {
  return state.limit ?? state.policy.fallback.limit;
}

/** Calls in flight. */
export function inFlight(state: GovernorState): number {
  return Object.keys(state.slots).length;
}

/** Our calls that the server may count at a time: those in flight, those scored, and those of dead senders. */
export function callsInWindow(state: GovernorState, atMs: number): number {
  const oldestMs = atMs - windowMsOf(state) - MARGIN_MS;
  const counted = [...state.calls, ...state.lost].filter((call) => call.atMs > oldestMs);
  return counted.reduce((sum, { count }) => sum + count, inFlight(state));
}

/**
 * When so many more calls will have left the window; null when they are in flight, and leave it a window after answers
 * that nobody knows yet.
 */
export function leavesWindowAt(state: GovernorState, count: number, nowMs: number): number | null {
  let left = 0;
  const stayMs = windowMsOf(state) + MARGIN_MS;
  for (const entry of [...state.calls, ...state.lost].sort((a, b) => a.atMs - b.atMs)) {
    if (entry.atMs + stayMs <= nowMs) continue;
    left += entry.count;
    if (left >= count) return entry.atMs + stayMs;
  }
  return null;
}

/**
 * Gives up senders whose lease has ended, with their calls, and calls that never came back for their answer; and lets go
 * what the window has passed. For calls in flight that is still needed for a while, as their answers tell what the server
 * counted when they came.
 */
export function expireCalls(state: GovernorState, nowMs: number): GovernorState {
  const slots = Object.entries(state.slots);
  const leases = Object.entries(state.senders).filter(([, untilMs]) => untilMs > nowMs);
  const living = new Set(leases.map(([sender]) => sender));
  const dead = slots.filter(
    ([, { sender, deadlineMs }]) => !living.has(sender) || deadlineMs <= nowMs,
  );
  const windowMs = windowMsOf(state);
  const reservedMs = slots.map(([, { reservedAtMs }]) => reservedAtMs);
  const neededMs = Math.max(Math.min(nowMs, ...reservedMs), nowMs - windowMs);
  const oldestMs = neededMs - windowMs - MARGIN_MS;
  const lost = dead.reduce((all, [, slot]) => withCall(state, all, slot.deadlineMs), state.lost);
  return {
    ...state,
    calls: state.calls.filter(({ atMs }) => atMs > oldestMs),
    lost: lost.filter(({ atMs }) => atMs > oldestMs),
    slots: without(state.slots, new Set(dead.map(([call]) => call))),
    senders: Object.fromEntries(leases),
  };
}

/** Takes so many calls of dead senders back, the oldest first. */
export function forgetLost(state: GovernorState, count: number): GovernorState {
  let toForget = count;
  const lost = state.lost.flatMap((entry) => {
    const kept = Math.max(0, entry.count - toForget);
    toForget -= entry.count - kept;
    return kept > 0 ? [{ ...entry, count: kept }] : [];
  });
  return { ...state, lost };
}

/** Ends a call in flight. Returns null for one that was given up before. */
export function freeSlot(state: GovernorState, call: number): GovernorState | null {
  const slot = state.slots[call];
  return slot ? { ...state, slots: without(state.slots, new Set([String(call)])) } : null;
}

/**
 * Scores an answered call. The server counts it when it arrives: before its answer by its way back, and the next call needs
 * its way there. So a call scored that much before its answer still leaves our window after it has left the server's.
 * Both ways together, of two calls that nobody timed so, are hardly less than the quickest call of late took, less what
 * calls vary by.
 */
export function score(state: GovernorState, nowMs: number): GovernorState {
  const varyMs = VARIATIONS * ((state.usualMs ?? 0) - state.quickestMs);
  const atMs = nowMs - Math.max(0, state.quickestMs - varyMs - MARGIN_MS);
  return { ...state, calls: withCall(state, state.calls, atMs) };
}

/** In order of time, though an answer may overtake another; calls near to each other leave together, with the last. */
function withCall(
  state: GovernorState,
  calls: readonly ScoredCalls[],
  atMs: number,
): readonly ScoredCalls[] {
  const grainMs = windowMsOf(state) * (limitOf(state) > LIMIT_FINE ? GRAIN_COARSE : GRAIN);
  const grain = Math.floor(atMs / grainMs);
  const index = calls.findLastIndex((call) => Math.floor(call.atMs / grainMs) <= grain);
  const near = calls[index];
  if (near === undefined || Math.floor(near.atMs / grainMs) < grain) {
    return calls.toSpliced(index + 1, 0, { atMs, count: 1 });
  }
  return calls.with(index, { atMs: Math.max(atMs, near.atMs), count: near.count + 1 });
}

function without<Value>(
  record: Readonly<Record<string, Value>>,
  names: ReadonlySet<string>,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.has(name)));
}
