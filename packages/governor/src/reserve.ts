import { concurrencyOf, isLiveInUse, isProbing, windowOpensAt } from "./allowance.ts";
import { bisectionOpensAt, countBisection } from "./bisection.ts";
import { expireHolds, longestHold, takeUntold, type EndedHold, type Hold } from "./holds.ts";
import { callsFor, LOOK_MS, pacedAfter, paceOpensAt, shouldSpread } from "./pace.ts";
import type { Lane, Policy } from "./policy.ts";
import type { GovernorState } from "./state.ts";
import { expireCalls, inFlight } from "./window.ts";

/** A sender that wants to make a call. */
export interface CallRequest {
  sender: string;
  /** How long the sender is believed to live without another word. */
  leaseMs: number;
  connector: string;
  lane: Lane;
  /** After this a reserved call that was never settled is given up. */
  callMsMax: number;
  /** All assets of the account that are not delivered yet. */
  waitingAssets: number;
  /** Part of a batch that was found guilty: it may use the connector's share for bisection, and calls that nothing else needs. */
  isSuspect: boolean;
  /** Those of the waiting assets that are no suspects. */
  otherAssets: number;
  policy: Policy;
}

/** Make the call now, or wait: all calls, those of the connector, those of the lane, or its suspects. */
export type Decision =
  | { kind: "go"; call: number }
  | { kind: "wait"; scope: WaitScope; delayMs: number; reason: string };

type WaitScope = "account" | "connector" | "lane" | "suspects";

export interface Reserved {
  state: GovernorState;
  decision: Decision;
  ended: readonly EndedHold[];
}

/** A hold without end is looked at as seldom as this. */
const ENDLESS_MS = 86_400_000;

/** Decides whether a call may be made now, and if so books it: holds, slots, window and pace, in this order. */
export function reserve(before: GovernorState, request: CallRequest, nowMs: number): Reserved {
  const { state, ended } = takeUntold(expireHolds(attend(before, request, nowMs), nowMs));
  const wait = waitFor(state, request, nowMs);
  if (wait) return { state, decision: wait, ended };
  const call = state.callNumber + 1;
  const { sender, callMsMax } = request;
  const slot = { sender, reservedAtMs: nowMs, deadlineMs: nowMs + callMsMax };
  return {
    state: {
      ...state,
      callNumber: call,
      slots: { ...state.slots, [call]: slot },
      bisection: request.isSuspect
        ? countBisection(state, request.connector, nowMs)
        : state.bisection,
      left: state.left === null ? null : state.left - 1,
      pacedAtMs: pacedAfter(state, nowMs),
      lastCallAtMs: nowMs,
    },
    decision: { kind: "go", call },
    ended,
  };
}

/** What any request changes: the sender's lease, its policy, what time has passed over, and the pace. */
function attend(
  state: GovernorState,
  { sender, leaseMs, lane, policy, waitingAssets }: CallRequest,
  nowMs: number,
): GovernorState {
  const senders = { ...state.senders, [sender]: nowMs + leaseMs };
  const liveAtMs = lane === "live" ? nowMs : state.liveAtMs;
  const attended = expireCalls({ ...state, senders, policy, liveAtMs }, nowMs);
  const waitingCalls = callsFor(attended, waitingAssets);
  return { ...attended, isSpread: shouldSpread(attended, waitingCalls, nowMs) };
}

function waitFor(state: GovernorState, request: CallRequest, nowMs: number): Decision | null {
  const { connector, lane } = request;
  for (const scope of ["account", "connector"] as const) {
    const found = longestHold(state, scope === "account" ? scope : connector, nowMs);
    if (found) return held(scope, found, nowMs);
  }
  const quarantine = quarantined(state, request, nowMs);
  if (quarantine) return quarantine;
  if (inFlight(state) >= concurrencyOf(state, nowMs)) {
    const reason = isProbing(state, nowMs) ? "probing" : "concurrency";
    return { kind: "wait", scope: "account", delayMs: LOOK_MS, reason };
  }
  const windowAtMs = windowOpensAt(state, lane, nowMs);
  const paceAtMs = paceOpensAt(state, lane, callsFor(state, request.waitingAssets), nowMs);
  return (
    waitForLane(state, "window", windowAtMs, nowMs) ?? waitForLane(state, "pace", paceAtMs, nowMs)
  );
}

/** Beyond its share, a suspect makes way for all others. */
function quarantined(
  state: GovernorState,
  { connector, isSuspect, otherAssets }: CallRequest,
  nowMs: number,
): Decision | null {
  if (!isSuspect) return null;
  const delayMs = Math.ceil(bisectionOpensAt(state, connector, otherAssets, nowMs) - nowMs);
  return delayMs > 0 ? { kind: "wait", scope: "suspects", delayMs, reason: "quarantine" } : null;
}

function held(
  scope: WaitScope,
  { name, hold }: { name: string; hold: Hold },
  nowMs: number,
): Decision {
  const delayMs = hold.untilMs === null ? ENDLESS_MS : hold.untilMs - nowMs;
  return { kind: "wait", scope, delayMs, reason: name };
}

/** Where a call of the other lane might be made sooner, only this lane waits; else everybody does. */
function waitForLane(
  state: GovernorState,
  reason: "window" | "pace",
  opensAtMs: number | null,
  nowMs: number,
): Decision | null {
  const delayMs = opensAtMs === null ? LOOK_MS : Math.ceil(opensAtMs - nowMs);
  if (delayMs <= 0) return null;
  const isAlone = state.isSpread || !isLiveInUse(state, nowMs);
  const scope = isAlone ? "account" : "lane";
  return { kind: "wait", scope, delayMs, reason };
}

/** A sender's sign of life; a lease of 0 says that it leaves, and what it had reserved counts as made. */
export function beat(
  before: GovernorState,
  sender: { id: string; leaseMs: number; policy: Policy },
  nowMs: number,
): { state: GovernorState; ended: readonly EndedHold[] } {
  const { id, leaseMs, policy } = sender;
  const { [id]: _, ...others } = before.senders;
  const senders = leaseMs > 0 ? { ...others, [id]: nowMs + leaseMs } : others;
  return takeUntold(expireHolds(expireCalls({ ...before, senders, policy }, nowMs), nowMs));
}
