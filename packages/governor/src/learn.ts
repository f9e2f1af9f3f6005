import type { SettledCall } from "./settle.ts";
import { forgiveTrouble, type GovernorState, type Slack } from "./state.ts";
import { callsInWindow, forgetLost, inFlight, windowMsOf } from "./window.ts";

/** Slack goes by one when so many windows have passed without a refusal. */
const SLACK_WINDOWS = 10;

/** Takes over what one answer says. What it leaves out stays as it was. */
export function learn(
  state: GovernorState,
  made: SettledCall,
  reservedAtMs: number,
  nowMs: number,
): GovernorState {
  const { reading, outcome } = made;
  const isFailure = outcome === "unavailable" || outcome === "unknown";
  const isAnswer = !isFailure && outcome !== "limited";
  const isAccepted = outcome === "accepted" || outcome === "accepted-in-part";
  const known: GovernorState = {
    ...state,
    limit: reading.limit ?? state.limit,
    windowMs: reading.windowMs ?? state.windowMs,
    concurrency: reading.concurrencyLimit ?? state.concurrency,
    assetsPerCall: isAccepted ? fillAfter(state.assetsPerCall, made.assets) : state.assetsPerCall,
    answeredAtMs: isAnswer ? nowMs : state.answeredAtMs,
  };
  if (reading.remaining === null) return known;
  return learnRemaining(known, reading.remaining, outcome === "limited", reservedAtMs, nowMs);
}

/** The newest sixteen calls or so. */
function fillAfter(before: number | null, assets: number): number {
  return before === null ? assets : before + (assets - before) / 16;
}

function learnRemaining(
  state: GovernorState,
  remaining: number,
  isLimited: boolean,
  reservedAtMs: number,
  nowMs: number,
): GovernorState {
  // Those in flight may not have arrived when the server counted.
  const left = remaining - inFlight(state);
  const isNewer = reservedAtMs >= (state.readAtMs ?? 0);
  const read = {
    ...state,
    remaining,
    readAtMs: nowMs,
    // An answer that was overtaken by another may be the older one: the lower counts.
    left: isNewer || state.left === null ? left : Math.min(state.left, left),
  };
  if (read.limit === null) return read;
  const counted = read.limit - remaining;
  const found = isLimited ? read : forgetUnmade(read, counted, reservedAtMs, nowMs);
  // The most of ours that it may have counted, the answered call included.
  return { ...found, foreign: Math.max(0, counted - callsInWindow(found, reservedAtMs)) };
}

/**
 * Calls of dead senders that the server has not counted were never made, unless what it has not counted left its window
 * during the answered call, is in flight, or is the answered call itself.
 */
function forgetUnmade(
  state: GovernorState,
  counted: number,
  reservedAtMs: number,
  nowMs: number,
): GovernorState {
  const leastMs = nowMs + (nowMs - reservedAtMs);
  const unmade = callsInWindow(state, leastMs) - counted - inFlight(state) - 1;
  return forgetLost(state, Math.max(0, unmade));
}

/**
 * Counts what went wrong in a row; calls in flight together that fare alike are one. A refusal for too many calls shows
 * that others make calls between our readings, or that the server counts later than we think: more room is left then,
 * and given back slowly.
 */
export function learnTrouble(
  state: GovernorState,
  { outcome, cause }: SettledCall,
  reservedAtMs: number,
  nowMs: number,
): GovernorState {
  const kind = troubleOf(outcome, cause);
  if (kind === null) return ease(state, nowMs);
  // Of calls that were in flight together, the first to be answered counts.
  if (reservedAtMs < state[kind].atMs) return state;
  const again = { ...state, [kind]: { inRow: state[kind].inRow + 1, atMs: nowMs } };
  switch (kind) {
    case "failed":
      return again;
    case "crowded":
      return { ...again, slotSlack: grown(state.slotSlack, nowMs) };
    case "limited":
      return { ...again, slack: grown(state.slack, nowMs), quickestMs: 0 };
  }
}

/** Which row of troubles a call goes on with; null for one that ends them. */
export function troubleOf(
  outcome: string,
  cause: SettledCall["cause"],
): "failed" | "limited" | "crowded" | null {
  if (outcome === "limited") return cause === "concurrency" ? "crowded" : "limited";
  return outcome === "unavailable" || outcome === "unknown" ? "failed" : null;
}

function ease(state: GovernorState, nowMs: number): GovernorState {
  const dueMs = nowMs - SLACK_WINDOWS * windowMsOf(state);
  const slack = shrunk(state.slack, dueMs, nowMs);
  const slotSlack = shrunk(state.slotSlack, dueMs, nowMs);
  return { ...forgiveTrouble(state), slack, slotSlack };
}

function grown({ count }: Slack, nowMs: number): Slack {
  return { count: count + 1, atMs: nowMs };
}

function shrunk(slack: Slack, dueMs: number, nowMs: number): Slack {
  return slack.count > 0 && slack.atMs < dueMs ? { count: slack.count - 1, atMs: nowMs } : slack;
}
