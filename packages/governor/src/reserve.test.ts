import { describe, expect, it } from "vitest";
import { beginHold } from "./holds.ts";
import { beat } from "./reserve.ts";
import { emptyState } from "./state.ts";
import { holdUntil, inFlightOf, NOW_MS, policyOf, stateOf, TestGovernor } from "./test-governor.ts";

const TOLD = { limit: 5, windowMs: 60_000, concurrencyLimit: 100 };

function toldGovernor(reading: Partial<typeof TOLD> = {}): TestGovernor {
  const governor = new TestGovernor();
  governor.call({ reading: { ...TOLD, ...reading } });
  return governor;
}

describe("while nothing is known", () => {
  it("one probing call goes at a time, until a reading arrives", () => {
    const governor = new TestGovernor();
    const call = governor.go();
    const waits = { kind: "wait", scope: "account", delayMs: 50, reason: "probing" };
    expect(governor.ask()).toEqual(waits);
    expect(governor.ask({ sender: "other" })).toEqual(waits);
    governor.answer({ call, reading: TOLD });
    for (let i = 0; i < 4; i += 1) governor.go();
  });

  it("calls go on one at a time after one that brought no answer", () => {
    const governor = new TestGovernor();
    governor.call({ outcome: "unknown" });
    governor.pass(1_000);
    governor.go();
    expect(governor.ask()).toMatchObject({ reason: "probing" });
  });

  it("an answer without headers leaves the budget to the fallback: its limit and its concurrency", () => {
    const fallback = { limit: 4, windowMs: 60_000, concurrency: 2 };
    const governor = new TestGovernor({ fallback });
    governor.call();
    const [second, third] = [governor.go(), governor.go()];
    expect(governor.ask()).toMatchObject({ reason: "concurrency" });
    governor.answer({ call: second });
    governor.answer({ call: third });
    governor.call();
    expect(governor.ask()).toMatchObject({ reason: "window", delayMs: 60_005 });
  });

  it("the fallback stands in only for what the answers leave open", () => {
    const governor = new TestGovernor({ fallback: { limit: 99, windowMs: 7_000, concurrency: 9 } });
    governor.call({ reading: { limit: 1 } });
    expect(governor.ask()).toMatchObject({ reason: "window", delayMs: 7_005 });
  });
});

describe("a call is reserved", () => {
  it("up to the limit of the rolling window, those in flight included", () => {
    const governor = toldGovernor();
    governor.pass(10_000);
    governor.call();
    const calls = Array.from({ length: 3 }, () => governor.go());
    expect(governor.ask()).toMatchObject({ reason: "window", delayMs: 50_005 });
    for (const call of calls) governor.answer({ call });
    governor.pass(50_004);
    expect(governor.ask().kind).toBe("wait");
    governor.pass(1);
    governor.go();
  });

  it("up to the limit of calls at once, of all senders together", () => {
    const governor = toldGovernor({ concurrencyLimit: 2 });
    const call = governor.go({ sender: "one" });
    governor.go({ sender: "two" });
    expect(governor.ask({ sender: "three" })).toEqual({
      kind: "wait",
      scope: "account",
      delayMs: 50,
      reason: "concurrency",
    });
    governor.answer({ call });
    governor.go({ sender: "three" });
  });

  it("with a number of its own, from now until it is given up", () => {
    const governor = new TestGovernor();
    expect(governor.go({ callMsMax: 7_000 })).toBe(1);
    expect(governor.state).toMatchObject({
      callNumber: 1,
      lastCallAtMs: NOW_MS,
      slots: { 1: { sender: "sender", reservedAtMs: NOW_MS, deadlineMs: NOW_MS + 7_000 } },
    });
  });

  it("while something remains, where the server tells nothing else", () => {
    const governor = new TestGovernor();
    governor.call({ reading: { remaining: 2 } });
    governor.go();
    governor.go();
    expect(governor.ask()).toMatchObject({ reason: "window", delayMs: 50 });
  });

  it("in a window of a day", () => {
    const governor = toldGovernor({ limit: 1, windowMs: 86_400_000 });
    expect(governor.ask()).toMatchObject({ reason: "window", delayMs: 86_400_005 });
    governor.pass(86_400_005);
    governor.go();
  });
});

describe("after a jump of the clock forward", () => {
  it("one call finds out whether the server's window has passed as well", () => {
    const governor = toldGovernor();
    for (let i = 0; i < 4; i += 1) governor.call();
    governor.pass(10 * 365 * 86_400_000);
    const call = governor.go();
    expect(governor.ask()).toMatchObject({ reason: "probing" });
    governor.answer({
      call,
      outcome: "limited",
      reading: { ...TOLD, remaining: 0, toWaitMs: 40_000 },
    });
    expect(governor.ask()).toMatchObject({ reason: "account rate-limit", delayMs: 40_000 });
  });
});

describe("a sender that died", () => {
  it("has its slot freed when its lease ends", () => {
    const governor = toldGovernor({ concurrencyLimit: 1 });
    governor.go({ sender: "dead", leaseMs: 4_000 });
    governor.pass(3_999);
    expect(governor.ask()).toMatchObject({ reason: "concurrency" });
    governor.pass(1);
    governor.go();
  });

  it("has its call counted as made, at its deadline", () => {
    const governor = toldGovernor({ limit: 2 });
    governor.go({ sender: "dead", leaseMs: 4_000, callMsMax: 30_000 });
    governor.pass(4_000);
    expect(governor.ask()).toMatchObject({ reason: "window", delayMs: 56_005 });
    governor.pass(56_005);
    const call = governor.go();
    governor.answer({ call });
    expect(governor.ask()).toMatchObject({ reason: "window", delayMs: 30_000 });
  });

  it("keeps its slot as long as its heart beats, and frees it when it leaves", () => {
    const governor = toldGovernor({ concurrencyLimit: 1 });
    governor.go({ sender: "slow", leaseMs: 10 });
    const sender = { id: "slow", policy: governor.policy };
    governor.state = beat(governor.state, { ...sender, leaseMs: 60_000 }, governor.nowMs).state;
    governor.pass(59_999);
    expect(governor.ask()).toMatchObject({ kind: "wait" });
    governor.state = beat(governor.state, { ...sender, leaseMs: 0 }, governor.nowMs).state;
    expect(Object.keys(governor.state.senders)).not.toContain("slow");
    governor.go();
  });
});

describe("during a hold", () => {
  it("of the account no call is reserved", () => {
    const state = stateOf({ holds: { "account rate-limit": holdUntil(NOW_MS + 55 * 60_000) } });
    const governor = new TestGovernor({}, state);
    const wait = { kind: "wait", scope: "account", reason: "account rate-limit" };
    expect(governor.ask()).toEqual({ ...wait, delayMs: 55 * 60_000 });
    governor.pass(55 * 60_000 - 1);
    expect(governor.ask()).toEqual({ ...wait, delayMs: 1 });
  });

  it("of the account no call is reserved, and the next one at its very end", () => {
    const governor = toldGovernor();
    const hold = {
      scope: "account",
      reason: "rate-limit",
      durationMs: 2_000,
      message: "",
    } as const;
    governor.state = beginHold(governor.state, hold, governor.nowMs).state;
    expect(governor.ask()).toMatchObject({ delayMs: 2_000 });
    governor.pass(2_000);
    governor.go();
  });

  it("without end it is looked at once a day", () => {
    const governor = new TestGovernor(
      {},
      stateOf({ holds: { "account operator": holdUntil(null) } }),
    );
    expect(governor.ask()).toMatchObject({ reason: "account operator", delayMs: 86_400_000 });
  });

  it("of a connector the others go on", () => {
    const holds = { "connector refused": holdUntil(null) };
    const governor = new TestGovernor({}, stateOf({ holds }));
    expect(governor.ask()).toMatchObject({ scope: "connector", reason: "connector refused" });
    governor.go({ connector: "other" });
  });

  it("the reason told is the account's before the connector's", () => {
    const holds = {
      "connector refused": holdUntil(null),
      "account unavailable": holdUntil(NOW_MS + 1),
    };
    const governor = new TestGovernor({}, stateOf({ holds }));
    expect(governor.ask()).toMatchObject({ reason: "account unavailable" });
  });
});

describe("lanes", () => {
  it("the live one keeps its share of the calls from the backfill", () => {
    const policy = { callsLive: 0.4 };
    const governor = new TestGovernor(policy, stateOf({ limit: 5 }));
    governor.call({}, { lane: "live" });
    governor.call();
    governor.call();
    expect(governor.ask()).toMatchObject({ scope: "lane", reason: "window" });
    governor.go({ lane: "live" });
    governor.go({ lane: "live" });
  });

  it("wait together where the live one is not in use", () => {
    const governor = new TestGovernor({ callsLive: 0.4 }, stateOf({ limit: 2 }));
    governor.call();
    governor.call();
    expect(governor.ask()).toMatchObject({ scope: "account", reason: "window" });
  });

  it("the live one makes its calls last when more wait than are left", () => {
    const governor = new TestGovernor({}, stateOf({ limit: 5 }));
    governor.call({}, { lane: "live" });
    const asked = { lane: "live", waitingAssets: 100_000 } as const;
    expect(governor.ask(asked)).toEqual({
      kind: "wait",
      scope: "lane",
      delayMs: Math.ceil(60_005 / 4),
      reason: "pace",
    });
  });
});

describe("calls that are spread", () => {
  it("wait for the pace, all together", () => {
    const governor = new TestGovernor({ pacing: "spread" }, stateOf({ limit: 60 }));
    for (let i = 0; i < 4; i += 1) governor.call();
    expect(governor.ask()).toEqual({
      kind: "wait",
      scope: "account",
      delayMs: 990,
      reason: "pace",
    });
  });

  it("wait together though the live lane is in use: the next call is never far", () => {
    const governor = new TestGovernor({ pacing: "spread" }, stateOf({ limit: 60 }));
    for (let i = 0; i < 4; i += 1) governor.call({}, { lane: "live" });
    expect(governor.ask()).toMatchObject({ scope: "account", reason: "pace" });
  });

  it("by `auto` become a burst as soon as all that waits fits into the calls left", () => {
    const governor = new TestGovernor({ pacing: "auto" }, stateOf({ limit: 60 }));
    for (let i = 0; i < 4; i += 1) governor.call({}, { waitingAssets: 10_000 });
    expect(governor.ask({ waitingAssets: 10_000 })).toMatchObject({ reason: "pace" });
    expect(governor.state.isSpread).toBe(true);
    for (let i = 0; i < 56; i += 1) governor.call({}, { waitingAssets: 5_600 - 100 * i });
    expect(governor.state.isSpread).toBe(false);
  });
});

describe("holds that ended", () => {
  const state = stateOf({ holds: { "account rate-limit": holdUntil(NOW_MS) }, ...inFlightOf(0) });

  it("are told of by a beat, once", () => {
    const sender = { id: "sender", leaseMs: 1_000, policy: policyOf() };
    const first = beat(state, sender, NOW_MS);
    expect(first.ended).toMatchObject([{ reason: "rate-limit", cause: "time" }]);
    expect(first.state.senders).toEqual({ sender: NOW_MS + 1_000 });
    expect(beat(first.state, sender, NOW_MS).ended).toEqual([]);
  });
});

describe("the operator's policy", () => {
  it("is taken over with each request and each beat", () => {
    const policy = policyOf({ callsReserved: 3 });
    const beaten = beat(emptyState, { id: "s", leaseMs: 1, policy }, NOW_MS);
    expect(beaten.state.policy).toBe(policy);
    const governor = toldGovernor();
    governor.go({ policy });
    expect(governor.ask({ policy })).toMatchObject({ reason: "window" });
  });
});
