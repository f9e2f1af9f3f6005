import { describe, expect, it } from "vitest";
import { release } from "./settle.ts";
import { callsInWindow } from "./window.ts";
import { holdUntil, NOW_MS, stateOf, TestGovernor } from "./test-governor.ts";

const TOLD = { limit: 5, windowMs: 60_000, concurrencyLimit: 100 };

function ours(governor: TestGovernor): number {
  return callsInWindow(governor.state, governor.nowMs);
}

describe("a settled call", () => {
  it.each([
    "accepted",
    "accepted-in-part",
    "refused",
    "too-large",
    "unavailable",
    "unknown",
    "unauthorized",
    "forbidden",
  ])("that was %s takes its place in the window", (outcome) => {
    const governor = new TestGovernor();
    governor.call({ outcome });
    expect([ours(governor), governor.state.slots]).toEqual([1, {}]);
  });

  it("that was one too many takes none", () => {
    const governor = new TestGovernor();
    governor.call({ outcome: "limited" });
    expect([ours(governor), governor.state.slots]).toEqual([0, {}]);
  });

  it("counts once when its answer comes after it was given up", () => {
    const governor = new TestGovernor({}, stateOf());
    const late = governor.go({ callMsMax: 1_000 });
    governor.pass(1_000);
    governor.go();
    expect(governor.state.lost).toHaveLength(1);
    governor.answer({ call: late });
    expect(governor.state.lost).toEqual([]);
    expect(ours(governor)).toBe(2);
  });

  it("does not count when it was given up, and was one too many after all", () => {
    const governor = new TestGovernor({}, stateOf());
    const late = governor.go({ callMsMax: 1_000 });
    governor.pass(1_000);
    governor.answer({ call: late, outcome: "limited" });
    expect(ours(governor)).toBe(0);
  });
});

describe("the hold that follows", () => {
  it("is in force before anybody may reserve again", () => {
    const governor = new TestGovernor({}, stateOf({ concurrency: 1 }));
    const call = governor.go();
    const { hold, isNewHold } = governor.answer({
      call,
      outcome: "limited",
      reading: { ...TOLD, remaining: 0, toWaitMs: 30_000 },
    });
    expect([hold?.durationMs, isNewHold]).toEqual([30_000, true]);
    expect(governor.ask()).toMatchObject({ reason: "account rate-limit", delayMs: 30_000 });
  });

  it("of a call in flight is the same one when it is no longer, and not shorter", () => {
    const governor = new TestGovernor({}, stateOf());
    const [first, second] = [governor.go(), governor.go()];
    const reading = { ...TOLD, remaining: 0, toWaitMs: 30_000 };
    governor.answer({ call: first, outcome: "limited", reading });
    governor.pass(5_000);
    const late = governor.answer({
      call: second,
      outcome: "limited",
      reading: { ...reading, toWaitMs: 10_000 },
    });
    expect(late.isNewHold).toBe(false);
    expect(governor.ask()).toMatchObject({ delayMs: 25_000 });
  });

  it("stands beside an accepted call, when that was the last one of the window", () => {
    const governor = new TestGovernor();
    for (let left = 4; left > 0; left -= 1)
      governor.call({ reading: { ...TOLD, remaining: left } });
    governor.pass(1_000);
    const { hold } = governor.call({ reading: { ...TOLD, remaining: 0, toWaitMs: 59_000 } });
    // To the millisecond: our own ledger knows it better than whole seconds.
    expect(hold).toMatchObject({ reason: "rate-limit", durationMs: 59_005 });
  });

  it("does not follow where our own window says that room comes with an answer", () => {
    const governor = new TestGovernor({}, stateOf({ limit: 5 }));
    const [call] = Array.from({ length: 5 }, () => governor.go());
    const reading = { ...TOLD, remaining: 0 };
    expect(governor.answer({ call: call ?? 0, reading }).hold).not.toBeNull();
    const flying = new TestGovernor({}, stateOf({ limit: 5, windowMs: 100 }));
    const calls = Array.from({ length: 5 }, () => flying.go());
    flying.answer({ call: calls[0] ?? 0 });
    flying.pass(106);
    expect(flying.answer({ call: calls[1] ?? 0, reading: { remaining: 0 } }).hold).toBeNull();
  });

  it("is the server's when calls of others have used the window up", () => {
    const governor = new TestGovernor();
    const { hold } = governor.call({ reading: { ...TOLD, remaining: 0, toWaitMs: 17_000 } });
    expect(hold).toMatchObject({ durationMs: 17_000 });
    expect(governor.state.foreign).toBe(4);
    const other = new TestGovernor();
    const reading = { ...TOLD, remaining: 0, toWaitMs: 60_000 };
    expect(other.call({ reading }).hold).toMatchObject({ durationMs: 60_000 });
  });

  it("doubles with failures in a row", () => {
    const governor = new TestGovernor();
    const waits = [1, 2, 3].map(() => {
      const { hold } = governor.call({ outcome: "unavailable", chance: 1 });
      governor.pass(hold?.durationMs ?? 0);
      return hold?.durationMs;
    });
    expect(waits).toEqual([1_000, 2_000, 4_000]);
  });

  it("lets one call probe when it is over, and no more while calls are refused", () => {
    const governor = new TestGovernor({}, stateOf());
    const reading = { ...TOLD, toWaitMs: 1_000 };
    governor.call({ outcome: "limited", reading });
    governor.pass(1_000);
    const call = governor.go();
    expect(governor.ask()).toMatchObject({ reason: "probing" });
    governor.answer({ call, reading: TOLD });
    governor.go();
    governor.go();
  });

  it("does not end a hold that was there", () => {
    const holds = { "account operator": holdUntil(null) };
    const governor = new TestGovernor({}, stateOf({ holds }));
    governor.answer({ reading: { ...TOLD, remaining: 4 } });
    expect(governor.state.holds).toEqual(holds);
  });

  it("begins after the ones whose time is over have ended", () => {
    const holds = { "account rate-limit": holdUntil(NOW_MS) };
    const governor = new TestGovernor({}, stateOf({ holds }));
    const { isNewHold } = governor.answer({ outcome: "limited", reading: { toWaitMs: 10_000 } });
    expect(isNewHold).toBe(true);
    expect(governor.state.untold).toMatchObject([{ reason: "rate-limit", cause: "time" }]);
  });
});

describe("a call that was reserved and not made", () => {
  it("is given back: its slot and its place are free", () => {
    const governor = new TestGovernor({}, stateOf({ limit: 1 }));
    governor.state = release(governor.state, governor.go());
    governor.go();
  });

  it("is given back to what remains", () => {
    const governor = new TestGovernor({}, stateOf({ limit: null, remaining: 1, left: 1 }));
    const call = governor.go();
    expect(governor.state.left).toBe(0);
    governor.state = release(governor.state, call);
    expect(governor.state.left).toBe(1);
    expect(release(governor.state, call)).toBe(governor.state);
  });
});
