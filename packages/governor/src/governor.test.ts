import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HoldReason } from "./hold-after.ts";
import { beginHold, endHolds } from "./holds.ts";
import type { Policy } from "./policy.ts";
import { beat, reserve, type CallRequest } from "./reserve.ts";
import { release, settle, type SettledCall } from "./settle.ts";
import { distrust, emptyState, type GovernorState } from "./state.ts";
import { madeOf, NOW_MS, policyOf, requestOf, TestGovernor } from "./test-governor.ts";
import { callsInWindow, limitOf } from "./window.ts";

const TIMEOUT = { timeout: 60_000 };
const DAY_MS = 86_400_000;

/** Nothing, a usual number, or any within what a reading can say. */
function told(usual: number, least: number, most: number): fc.Arbitrary<number | null> {
  const any = fc.integer({ min: least, max: most });
  return fc.oneof(fc.constant(null), fc.integer({ min: least, max: usual }), any);
}

const reading = fc.record({
  limit: told(5, 1, 1_000_000_000),
  windowMs: told(60_000, 1, 31 * DAY_MS),
  remaining: told(5, 0, 1_000_000_000),
  toWaitMs: told(60_000, 0, DAY_MS),
  concurrencyLimit: told(3, 1, 1_000_000_000),
  concurrencyRunning: told(3, 0, 1_000_000_000),
});

const policy: fc.Arbitrary<Policy> = fc
  .record({
    pacing: fc.constantFrom("auto" as const, "burst" as const, "spread" as const),
    callsReserved: fc.constantFrom(0, 2, 1_000),
    callsLive: fc.constantFrom(0, 0.5),
    fallback: fc.record({
      limit: fc.integer({ min: 1, max: 10 }),
      windowMs: fc.constantFrom(1_000, 60_000),
      concurrency: fc.integer({ min: 1, max: 4 }),
    }),
  })
  .map(policyOf);

const sender = fc.constantFrom("one", "two", "three");
const connector = fc.constantFrom("connector", "other");
const leaseMs = fc.constantFrom(0, 1, 4_000, 400_000);
const call = fc.integer({ min: 0, max: 30 });

const OUTCOMES = [
  "accepted",
  "accepted-in-part",
  "limited",
  "refused",
  "too-large",
  "unavailable",
  "unknown",
  "unauthorized",
  "forbidden",
  "wrong-address",
];

const kinds = {
  reserve: fc.record({
    sender,
    leaseMs,
    connector,
    policy,
    lane: fc.constantFrom("live" as const, "backfill" as const),
    callMsMax: fc.constantFrom(1, 150_000),
    waitingAssets: fc.constantFrom(0, 1, 10_000_000),
  }),
  settle: fc.record({
    call,
    outcome: fc.constantFrom(...OUTCOMES),
    cause: fc.constantFrom("rate" as const, "concurrency" as const),
    assets: fc.constantFrom(0, 1, 100),
    elapsedMs: fc.constantFrom(0, 50, 10_000_000),
    refusals: fc.integer({ min: 0, max: 30 }),
    isTrusted: fc.boolean(),
    chance: fc.double({ min: 0, max: 1, noNaN: true }),
    connector,
    reading,
  }),
  release: fc.record({ call }),
  beat: fc.record({ id: sender, leaseMs, policy }),
  begin: fc.record({
    scope: fc.constantFrom("account", "connector"),
    reason: fc.constantFrom<HoldReason>("rate-limit", "operator", "credentials"),
    durationMs: fc.option(fc.integer({ min: 0, max: DAY_MS })),
    message: fc.constant("m"),
  }),
  end: fc.record({ reason: fc.constantFrom("rate-limit", "operator", undefined) }),
  distrust: fc.constant({}),
};

type Kind = keyof typeof kinds;
type Happening = { [K in Kind]: { kind: K; facts: FactsOf<K> } }[Kind];
type FactsOf<K extends Kind> = (typeof kinds)[K] extends fc.Arbitrary<infer Facts> ? Facts : never;

function happening(kind: Kind, weight: number): fc.WeightedArbitrary<Happening> {
  const arbitrary: fc.Arbitrary<object> = kinds[kind];
  return { weight, arbitrary: arbitrary.map((facts) => ({ kind, facts }) as Happening) };
}

/** What happens, and how long after what happened before. */
const story = fc.array(
  fc.tuple(
    fc.constantFrom(0, 1, 100, 5_000, 60_005, DAY_MS, 3_650 * DAY_MS),
    fc.oneof(
      happening("reserve", 8),
      happening("settle", 8),
      ...(["release", "beat", "begin", "end", "distrust"] as const).map((kind) =>
        happening(kind, 1),
      ),
    ),
  ),
  { minLength: 20, maxLength: 80 },
);

function happen(state: GovernorState, { kind, facts }: Happening, nowMs: number): GovernorState {
  switch (kind) {
    case "reserve":
      return reserveOne(state, requestOf(facts), nowMs);
    case "settle":
      return settleOne(state, madeOf(facts), nowMs);
    case "release":
      return release(state, facts.call);
    case "beat":
      return beat(state, facts, nowMs).state;
    case "begin":
      return beginHold(state, facts, nowMs).state;
    case "end":
      return endHolds(state, nowMs, "operator", facts);
    case "distrust":
      return distrust(state);
  }
}

function reserveOne(state: GovernorState, request: CallRequest, nowMs: number): GovernorState {
  const { state: after, decision } = reserve(state, request, nowMs);
  if (decision.kind === "wait") {
    expect(decision.delayMs).toBeGreaterThan(0);
    return after;
  }
  expect(holdsInForce(state, [request.connector, "account"], nowMs)).toEqual([]);
  const concurrency = after.concurrency ?? request.policy.fallback.concurrency;
  expect(Object.keys(after.slots).length).toBeLessThanOrEqual(concurrency);
  const isPairOnly = after.limit === null && after.remaining !== null;
  if (!isPairOnly) expect(callsInWindow(after, nowMs)).toBeLessThanOrEqual(limitOf(after));
  return after;
}

function settleOne(state: GovernorState, made: SettledCall, nowMs: number): GovernorState {
  const { state: after, hold } = settle(state, made, nowMs);
  expect(after.slots[made.call]).toBeUndefined();
  if (hold !== null && hold.durationMs !== 0) {
    expect(holdsInForce(after, [hold.scope], nowMs)).toContain(`${hold.scope} ${hold.reason}`);
  }
  return after;
}

function holdsInForce(state: GovernorState, scopes: readonly string[], nowMs: number): string[] {
  return Object.entries(state.holds)
    .filter(([name]) => scopes.includes(name.split(" ")[0] ?? ""))
    .filter(([, { untilMs }]) => untilMs === null || untilMs > nowMs)
    .map(([name]) => name);
}

/** So that whoever changes it fails. */
function frozen<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) frozen(part);
  }
  return value;
}

describe("whatever happens in whatever order", () => {
  it(
    "no call goes during a hold or above the limits, and the state stays plain JSON",
    TIMEOUT,
    () => {
      fc.assert(
        fc.property(story, (happenings) => {
          let state = emptyState;
          let nowMs = NOW_MS;
          for (const [passedMs, what] of happenings) {
            nowMs += passedMs;
            state = happen(frozen(state), what, nowMs);
            // NaN and Infinity do not come back from JSON as they were.
            expect(JSON.parse(JSON.stringify(state))).toEqual(state);
          }
        }),
        { seed: 20261121, numRuns: 300 },
      );
    },
  );
});

describe("what the governor keeps", () => {
  it("is bounded however many calls there are, and however many of them are lost", TIMEOUT, () => {
    const governor = new TestGovernor({}, emptyState);
    const reading = { limit: 9_000, windowMs: 60_000, concurrencyLimit: 1_000_000 };
    governor.call({ reading });
    let [calls, lost, slots] = [0, 0, 0];
    for (let i = 0; i < 12_000; i += 1) {
      const isLost = i % 3 === 0;
      const decision = governor.ask(isLost ? { sender: `dead${i}`, leaseMs: 1 } : {});
      if (decision.kind === "go" && !isLost) {
        governor.answer({ call: decision.call, elapsedMs: i % 500, reading });
      }
      governor.pass(i % 21);
      calls = Math.max(calls, governor.state.calls.length);
      lost = Math.max(lost, governor.state.lost.length);
      slots = Math.max(slots, Object.keys(governor.state.slots).length);
    }
    expect(calls).toBeGreaterThan(900);
    expect(calls).toBeLessThanOrEqual(2_002);
    expect(lost).toBeGreaterThan(900);
    // Those lost count from their deadline, which is ahead of now.
    expect(lost).toBeLessThanOrEqual(150_000 / 60 + 2_002);
    expect(slots).toBeLessThanOrEqual(1_000);
  });
});
