import type { Hold } from "./holds.ts";
import type { Limits, Policy } from "./policy.ts";
import { emptyReading, type Reading } from "./reading.ts";
import { reserve, type CallRequest, type Decision } from "./reserve.ts";
import { settle, type Settled, type SettledCall } from "./settle.ts";
import { emptyState, type GovernorState, type Slot } from "./state.ts";

/** When each test begins. */
export const NOW_MS = 1_700_000_000_000;

/** Limits and a pace that never matter, but for what is given. */
export function policyOf(policy: Partial<Policy> = {}): Policy {
  const fallback: Limits = { limit: 1_000, windowMs: 60_000, concurrency: 1_000 };
  return {
    pacing: "burst",
    callsReserved: 0,
    callsLive: 0,
    callsBisection: 0.1,
    assetsPerCall: 100,
    fallback,
    ...policy,
  };
}

/** A governor that has been told of wide limits a moment ago, but for what is given. */
export function stateOf(state: Partial<GovernorState> = {}): GovernorState {
  const told = { limit: 100, windowMs: 60_000, concurrency: 100, answeredAtMs: NOW_MS };
  return { ...emptyState, policy: policyOf(), ...told, ...state };
}

/** So many calls in flight, reserved a second ago by a sender that lives. */
export function inFlightOf(count: number): Pick<GovernorState, "slots" | "senders"> {
  const times = { reservedAtMs: NOW_MS - 1_000, deadlineMs: NOW_MS + 60_000 };
  const slot: Slot = { sender: "sender", ...times };
  const calls = Array.from({ length: count }, (_, index) => [String(index + 1), slot] as const);
  return { slots: Object.fromEntries(calls), senders: { sender: NOW_MS + 600_000 } };
}

/** A hold in force until then. */
export function holdUntil(untilMs: number | null): Hold {
  return { sinceMs: NOW_MS - 1_000, untilMs, message: "" };
}

export function requestOf(request: Partial<CallRequest> = {}): CallRequest {
  return {
    sender: "sender",
    leaseMs: 600_000,
    connector: "connector",
    lane: "backfill",
    callMsMax: 150_000,
    waitingAssets: 1,
    isSuspect: false,
    otherAssets: 1,
    policy: policyOf(),
    ...request,
  };
}

/** What a test says of a call; the rest is an accepted one whose answer said nothing. */
export type CallFacts = Partial<Omit<SettledCall, "reading">> & { reading?: Partial<Reading> };

export function madeOf({ reading, ...facts }: CallFacts = {}): SettledCall {
  return {
    call: 0,
    outcome: "accepted",
    cause: "rate",
    message: "said",
    assets: 100,
    elapsedMs: 0,
    connector: "connector",
    status: 200,
    mayBeBatch: false,
    isCanary: false,
    isSuspect: false,
    failures: null,
    refusals: 0,
    isTrusted: true,
    hasCanary: false,
    chance: 0,
    ...facts,
    reading: { ...emptyReading, ...reading },
  };
}

/** A governor and a clock that the test moves. */
export class TestGovernor {
  state: GovernorState;
  nowMs = NOW_MS;
  readonly policy: Policy;

  constructor(policy: Partial<Policy> = {}, state: GovernorState = emptyState) {
    this.policy = policyOf(policy);
    this.state = { ...state, policy: this.policy };
  }

  pass(ms: number): void {
    this.nowMs += ms;
  }

  ask(request: Partial<CallRequest> = {}): Decision {
    const asked = requestOf({ policy: this.policy, ...request });
    const { state, decision } = reserve(this.state, asked, this.nowMs);
    this.state = state;
    return decision;
  }

  /** Reserves a call that must be possible now. Returns its number. */
  go(request?: Partial<CallRequest>): number {
    const decision = this.ask(request);
    if (decision.kind === "wait") throw new Error(`no call may be made: ${decision.reason}`);
    return decision.call;
  }

  answer(facts: CallFacts): Settled {
    const settled = settle(this.state, madeOf(facts), this.nowMs);
    this.state = settled.state;
    return settled;
  }

  /** A whole call. */
  call(facts: CallFacts = {}, request?: Partial<CallRequest>): Settled {
    const call = this.go(request);
    this.pass(facts.elapsedMs ?? 0);
    return this.answer({ ...facts, call });
  }
}
