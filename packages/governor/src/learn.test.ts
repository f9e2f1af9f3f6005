import { describe, expect, it } from "vitest";
import { emptyState, type GovernorState } from "./state.ts";
import { TestGovernor } from "./test-governor.ts";

/** What a server that tells everything says. */
const TOLD = { limit: 100, windowMs: 60_000, concurrencyLimit: 10 };

/** A governor that has had one answer. */
function toldGovernor(): TestGovernor {
  const governor = new TestGovernor();
  governor.call({ reading: { ...TOLD, remaining: 99 } });
  return governor;
}

function pick(state: GovernorState, ...names: (keyof GovernorState)[]): unknown[] {
  return names.map((name) => state[name]);
}

describe("limits", () => {
  it("are learned from an answer, each by itself", () => {
    const governor = new TestGovernor();
    governor.call({ reading: { limit: 100 } });
    governor.call({ reading: { windowMs: 60_000 } });
    governor.call({ reading: { concurrencyLimit: 3 } });
    expect(pick(governor.state, "limit", "windowMs", "concurrency")).toEqual([100, 60_000, 3]);
  });

  it("stay as they were where an answer leaves them out", () => {
    const governor = toldGovernor();
    governor.call();
    const names = ["limit", "windowMs", "concurrency", "remaining"] as const;
    expect(pick(governor.state, ...names)).toEqual([100, 60_000, 10, 99]);
  });

  it("that change are followed at the first reading that shows them", () => {
    const governor = toldGovernor();
    governor.call({ reading: { limit: 2, windowMs: 5_000, concurrencyLimit: 1 } });
    expect(pick(governor.state, "limit", "windowMs", "concurrency")).toEqual([2, 5_000, 1]);
    expect(governor.ask()).toMatchObject({ kind: "wait", reason: "window" });
    governor.pass(5_005);
    const call = governor.go();
    governor.answer({ call, reading: { limit: 100, concurrencyLimit: 10 } });
    for (let i = 0; i < 10; i += 1) governor.go();
  });

  it("are learned from a refusal too", () => {
    const governor = new TestGovernor();
    governor.call({ outcome: "limited", reading: { ...TOLD, remaining: 0, toWaitMs: 1_000 } });
    expect(governor.state.limit).toBe(100);
    expect(governor.state.answeredAtMs).toBeNull();
  });
});

describe("the assets that a call takes", () => {
  it("are learned from accepted calls, the newest sixteen or so", () => {
    const governor = new TestGovernor();
    governor.call({ assets: 40, outcome: "refused" });
    expect(governor.state.assetsPerCall).toBeNull();
    governor.call({ assets: 40 });
    expect(governor.state.assetsPerCall).toBe(40);
    governor.call({ assets: 56, outcome: "accepted-in-part" });
    expect(governor.state.assetsPerCall).toBe(41);
  });
});

describe("the time that a call takes", () => {
  it("is the mean, and the quickest is followed down at once and up slowly", () => {
    const governor = new TestGovernor();
    governor.call({ elapsedMs: 50 });
    governor.call({ elapsedMs: 150 });
    expect(governor.state.usualMs).toBe(100);
    for (let i = 0; i < 300; i += 1) {
      governor.pass(10_000);
      governor.call({ elapsedMs: 100, reading: TOLD });
    }
    expect(governor.state.quickestMs).toBeGreaterThan(99);
    governor.call({ elapsedMs: 36 });
    expect(pick(governor.state, "quickestMs", "usualMs")).toEqual([36, 98]);
    governor.call({ elapsedMs: 68 });
    expect(governor.state.quickestMs).toBe(37);
  });

  it("is not told by a call without an answer", () => {
    const governor = new TestGovernor();
    governor.call({ outcome: "unknown", elapsedMs: 120_000 });
    expect(pick(governor.state, "quickestMs", "usualMs")).toEqual([0, null]);
  });

  it("is doubted after a call too many", () => {
    const governor = toldGovernor();
    governor.call({ elapsedMs: 100 });
    governor.call({ outcome: "limited" });
    expect(governor.state.quickestMs).toBe(0);
  });
});

describe("calls of others", () => {
  it("are what the server counts and we did not make", () => {
    const governor = toldGovernor();
    governor.call({ reading: { ...TOLD, remaining: 90 } });
    expect(governor.state.foreign).toBe(8);
    governor.call({ reading: { ...TOLD, remaining: 97 } });
    expect(governor.state.foreign).toBe(0);
  });

  it("are not our own in flight, whether or not the server has counted them", () => {
    for (const remaining of [99, 98, 97, 96]) {
      const governor = toldGovernor();
      const call = governor.go();
      governor.go();
      governor.go();
      governor.answer({ call, reading: { ...TOLD, remaining } });
      expect(governor.state.foreign).toBe(0);
    }
  });

  it("are not our own that left our window while the call was under way", () => {
    const governor = toldGovernor();
    governor.pass(60_000);
    const call = governor.go();
    governor.pass(100);
    governor.answer({ call, reading: { ...TOLD, remaining: 98 } });
    expect(governor.state.foreign).toBe(0);
  });

  it("are not the answered call, though Remaining may or may not count it", () => {
    const governor = new TestGovernor();
    governor.call({ reading: { ...TOLD, remaining: 100 } });
    expect(governor.state.foreign).toBe(0);
    governor.call({ reading: { ...TOLD, remaining: 98 } });
    expect(governor.state.foreign).toBe(0);
  });
});

describe("where the server tells only what remains", () => {
  it("that governs, less the calls in flight", () => {
    const governor = new TestGovernor();
    governor.call({ reading: { remaining: 5 } });
    expect(governor.state.left).toBe(5);
    const call = governor.go();
    governor.go();
    governor.answer({ call, reading: { remaining: 4 } });
    expect(governor.state.left).toBe(3);
  });

  it("the lower of two readings counts when an answer overtook another", () => {
    const governor = new TestGovernor();
    governor.call({ reading: { remaining: 9 } });
    const [early, late] = [governor.go(), governor.go()];
    governor.pass(10);
    governor.answer({ call: late, reading: { remaining: 5 } });
    governor.answer({ call: early, reading: { remaining: 8 } });
    expect(governor.state.left).toBe(4);
    governor.pass(10);
    governor.call({ reading: { remaining: 8 } });
    expect(governor.state.left).toBe(8);
  });

  it("nothing that remains is a hold as long as the server says", () => {
    const governor = new TestGovernor();
    const { hold } = governor.call({ reading: { remaining: 0, toWaitMs: 55 * 60_000 } });
    expect(hold).toMatchObject({ reason: "rate-limit", durationMs: 55 * 60_000 });
  });
});

describe("a call whose sender died", () => {
  /** After three calls of which the senders of two died, at a server that counts so many. */
  function lostAfter(counted: number, inFlight = 0): number {
    const governor = toldGovernor();
    governor.go({ sender: "dead", leaseMs: 1_000 });
    governor.go({ sender: "dead", leaseMs: 1_000 });
    governor.pass(1_000);
    for (let i = 0; i < inFlight; i += 1) governor.go();
    governor.call({ reading: { ...TOLD, remaining: 100 - counted } });
    return governor.state.lost.reduce((sum, { count }) => sum + count, 0);
  }

  it("counts as made until a reading shows that the server has not counted it", () => {
    expect(lostAfter(4)).toBe(2);
    expect(lostAfter(2)).toBe(1);
    expect(lostAfter(1)).toBe(0);
  });

  it("counts as made while what the server has not counted may be the answered call", () => {
    expect(lostAfter(3)).toBe(2);
  });

  it("counts as made while what the server has not counted may be in flight", () => {
    expect(lostAfter(3, 2)).toBe(2);
    expect(lostAfter(4, 2)).toBe(2);
    expect(lostAfter(2, 2)).toBe(1);
    expect(lostAfter(1, 2)).toBe(0);
  });

  it("counts as made while what the server has not counted may have left its window", () => {
    const governor = new TestGovernor({}, { ...emptyState, limit: 100, windowMs: 60_000 });
    governor.call({ reading: TOLD });
    governor.go({ sender: "dead", leaseMs: 1 });
    governor.pass(59_000);
    const call = governor.go();
    governor.pass(600);
    governor.answer({ call, reading: { ...TOLD, remaining: 99 } });
    expect(governor.state.lost).toHaveLength(1);
  });

  it("counts as made whatever a refusal says", () => {
    const governor = toldGovernor();
    governor.go({ sender: "dead", leaseMs: 1 });
    governor.pass(1);
    governor.call({ outcome: "limited", reading: { ...TOLD, remaining: 100 } });
    expect(governor.state.lost).toHaveLength(1);
  });
});

describe("refusals for too many calls", () => {
  it("of calls in flight together are one event", () => {
    const governor = toldGovernor();
    const calls = [governor.go(), governor.go(), governor.go()];
    governor.pass(100);
    for (const call of calls) {
      governor.answer({ call, outcome: "limited", reading: { ...TOLD, toWaitMs: 900 } });
    }
    expect(governor.state.limited.inRow).toBe(1);
    expect(governor.state.slack.count).toBe(1);
    governor.pass(900);
    governor.call({ outcome: "limited" });
    expect(governor.state.limited.inRow).toBe(2);
  });

  it("of calls in flight together are one event though another of them was accepted", () => {
    const governor = toldGovernor();
    const [first, second, third] = [governor.go(), governor.go(), governor.go()];
    governor.pass(100);
    governor.answer({ call: first, outcome: "limited" });
    governor.answer({ call: second });
    governor.answer({ call: third, outcome: "limited" });
    expect(governor.state.slack.count).toBe(1);
  });

  it("leave more room for others, which a refusal-free time of ten windows gives back one by one", () => {
    const governor = toldGovernor();
    for (let i = 0; i < 2; i += 1) {
      governor.call({ outcome: "limited", reading: { toWaitMs: 1_000 } });
      governor.pass(1_000);
    }
    expect(governor.state.slack.count).toBe(2);
    governor.call();
    governor.pass(599_000);
    governor.call();
    expect(governor.state.slack.count).toBe(2);
    governor.pass(1);
    governor.call();
    governor.call();
    expect(governor.state.slack.count).toBe(1);
  });

  it("for too many at once leave slots free, and not calls of the window", () => {
    const governor = toldGovernor();
    governor.call({ outcome: "limited", cause: "concurrency" });
    expect([governor.state.slotSlack.count, governor.state.slack.count]).toEqual([1, 0]);
    governor.pass(600_001);
    governor.call();
    expect(governor.state.slotSlack.count).toBe(0);
  });

  it("back off on a clock of their own: too many in the window, or at once", () => {
    const governor = toldGovernor();
    for (let i = 0; i < 3; i += 1) {
      governor.call({ outcome: "limited", reading: { toWaitMs: 1_000 } });
      governor.pass(60_000);
    }
    const crowded = governor.call({ outcome: "limited", cause: "concurrency" });
    expect(crowded.hold).toMatchObject({ reason: "concurrency", durationMs: 250 });
    expect([governor.state.limited.inRow, governor.state.crowded.inRow]).toEqual([3, 1]);
  });

  it("end with an accepted call", () => {
    const governor = toldGovernor();
    governor.call({ outcome: "limited", reading: { toWaitMs: 1_000 } });
    governor.pass(1_000);
    governor.call();
    expect(governor.state.limited.inRow).toBe(0);
  });
});

describe("calls without a usable answer", () => {
  it("are counted while they come in a row, those in flight together as one", () => {
    const governor = toldGovernor();
    const calls = [governor.go(), governor.go()];
    governor.pass(10);
    governor.answer({ call: calls[0] ?? 0, outcome: "unavailable" });
    governor.answer({ call: calls[1] ?? 0, outcome: "unknown" });
    expect(governor.state.failed.inRow).toBe(1);
    governor.pass(10_000);
    governor.call({ outcome: "unknown" });
    expect(governor.state.failed.inRow).toBe(2);
    governor.pass(10_000);
    governor.call({ outcome: "refused" });
    expect(governor.state.failed.inRow).toBe(0);
  });

  it("leave the account probing when there was no answer before", () => {
    const governor = new TestGovernor();
    for (const outcome of ["unavailable", "unknown"]) {
      governor.call({ outcome });
      expect(governor.state.answeredAtMs).toBeNull();
      governor.pass(10_000);
    }
  });
});
