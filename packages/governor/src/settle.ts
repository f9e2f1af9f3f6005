import { isPairOnly, windowOpensAt } from "./allowance.ts";
import { countFailures, doubtAfter, type Doubt, type Failures, type Standing } from "./doubt.ts";
import { holdAfter, type NewHold } from "./hold-after.ts";
import { beginHold, expireHolds } from "./holds.ts";
import { learn, learnTrouble, troubleOf } from "./learn.ts";
import type { Reading } from "./reading.ts";
import type { GovernorState } from "./state.ts";
import { expireCalls, forgetLost, freeSlot, score } from "./window.ts";

/** A call that was made, as the governor sees it. */
export interface SettledCall extends Standing {
  call: number;
  /** The kind of its verdict, what refused it if it was limited, and what was said. */
  outcome: string;
  cause: "rate" | "concurrency";
  message: string;
  assets: number;
  /** From request to answer. */
  elapsedMs: number;
  reading: Reading;
  connector: string;
  status: number | null;
  /** A refusal of permission that may be about what was sent, and not about who sent it. */
  mayBeBatch: boolean;
  /** Whether its batch is a canary, or part of one that was found guilty. */
  isCanary: boolean;
  isSuspect: boolean;
  /** Equal failures of the batch in a row, before this call. */
  failures: Failures | null;
  /** From 0 up to 1: spreads the waits of several senders. */
  chance: number;
}

export interface Settled {
  state: GovernorState;
  /** The hold that follows, and whether it is a new one. */
  hold: NewHold | null;
  isNewHold: boolean;
  /** The doubt about its batch that follows, and the equal failures it has met with by now. */
  doubt: Doubt | null;
  failures: Failures | null;
}

/** Times of calls are those of the newest so many, or so. */
const TIMED_CALLS = 32;

/** Ends a call: counts it, learns from its answer, and begins the hold that follows before anybody may reserve again. */
export function settle(before: GovernorState, made: SettledCall, nowMs: number): Settled {
  const current = expireHolds(expireCalls(before, nowMs), nowMs);
  const slot = current.slots[made.call];
  const reservedAtMs = slot?.reservedAtMs ?? nowMs;
  const counted = count(current, made, nowMs);
  const learned = learnTrouble(
    learn(counted, made, reservedAtMs, nowMs),
    made,
    reservedAtMs,
    nowMs,
  );
  const trouble = troubleOf(made.outcome, made.cause);
  const failures = countFailures(made.failures, made);
  const doubt = doubtAfter({ ...made, failures });
  const hold = holdAfter({
    ...made,
    isDoubtful: doubt !== null,
    inRow: trouble === null ? 0 : learned[trouble].inRow,
    limit: learned.limit,
    windowMs: learned.windowMs,
    explainedMs: explainedMs(learned, nowMs),
  });
  if (hold === null) return { state: learned, hold, isNewHold: false, doubt, failures };
  const { state, isNew } = beginHold(learned, hold, nowMs);
  return { state, hold, isNewHold: isNew, doubt, failures };
}

/** Gives a call back that was not made. */
export function release(state: GovernorState, call: number): GovernorState {
  const freed = freeSlot(state, call);
  if (freed === null) return state;
  return { ...freed, left: freed.left === null ? null : freed.left + 1 };
}

/** A refusal for too many calls takes no place in the window; any other call does, once. */
function count(
  state: GovernorState,
  { call, outcome, elapsedMs }: SettledCall,
  nowMs: number,
): GovernorState {
  const freed = freeSlot(state, call);
  // One that was given up counts already.
  const base = freed ?? forgetLost(state, 1);
  if (outcome === "limited") return base;
  return score(outcome === "unknown" ? base : timed(base, elapsedMs), nowMs);
}

/** Follows the quickest call down at once, and up slowly. */
function timed(state: GovernorState, elapsedMs: number): GovernorState {
  const { quickestMs, usualMs, callNumber } = state;
  return {
    ...state,
    quickestMs: Math.min(elapsedMs, nearer(quickestMs, elapsedMs, TIMED_CALLS)),
    usualMs: nearer(
      usualMs ?? elapsedMs,
      elapsedMs,
      Math.min(Math.max(1, callNumber), TIMED_CALLS),
    ),
  };
}

function nearer(beforeMs: number, elapsedMs: number, calls: number): number {
  return beforeMs + (elapsedMs - beforeMs) / calls;
}

/**
 * How long until our own window has room, where that explains that the server has no call left; null where it does not,
 * and the server knows better.
 */
function explainedMs(state: GovernorState, nowMs: number): number | null {
  if (isPairOnly(state) || state.limit === null || state.foreign > 0) return null;
  const opensAtMs = windowOpensAt(state, "live", nowMs);
  return opensAtMs === null ? 0 : opensAtMs - nowMs;
}
