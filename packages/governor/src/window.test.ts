import { describe, expect, it } from "vitest";
import type { ScoredCalls } from "./state.ts";
import { inFlightOf, NOW_MS, policyOf, stateOf } from "./test-governor.ts";
import {
  callsInWindow,
  expireCalls,
  forgetLost,
  freeSlot,
  inFlight,
  leavesWindowAt,
  limitOf,
  score,
  windowMsOf,
} from "./window.ts";

const WINDOW_MS = 60_000;
/** A call leaves our window a little after it has left the server's. */
const STAY_MS = WINDOW_MS + 5;

function once(atMs: number): ScoredCalls {
  return { atMs, count: 1 };
}

describe("the window that counts", () => {
  it("is the server's, and the policy's while the server says nothing", () => {
    const fallback = { limit: 7, windowMs: 1_000, concurrency: 1 };
    const policy = policyOf({ fallback });
    const told = stateOf({ policy });
    expect([limitOf(told), windowMsOf(told)]).toEqual([100, WINDOW_MS]);
    const untold = stateOf({ policy, limit: null, windowMs: null });
    expect([limitOf(untold), windowMsOf(untold)]).toEqual([7, 1_000]);
  });

  it("holds the calls in flight, those answered within it, and those of dead senders", () => {
    const calls = [
      { atMs: NOW_MS - STAY_MS, count: 4 },
      { atMs: NOW_MS - STAY_MS + 1, count: 2 },
      { atMs: NOW_MS, count: 1 },
    ];
    const lost = [NOW_MS - STAY_MS, NOW_MS + 90_000].map(once);
    const state = stateOf({ calls, lost, ...inFlightOf(3) });
    expect(callsInWindow(state, NOW_MS)).toBe(2 + 1 + 1 + 3);
    expect(inFlight(state)).toBe(3);
  });

  it("rolls: each call leaves it a window after it was scored", () => {
    const calls = [
      { atMs: NOW_MS - STAY_MS, count: 9 },
      { atMs: NOW_MS - 20_000, count: 2 },
      { atMs: NOW_MS - 10_000, count: 1 },
    ];
    const state = stateOf({ calls, lost: [once(NOW_MS - 15_000)], ...inFlightOf(1) });
    expect([1, 2, 3, 4, 5].map((count) => leavesWindowAt(state, count, NOW_MS))).toEqual([
      NOW_MS - 20_000 + STAY_MS,
      NOW_MS - 20_000 + STAY_MS,
      NOW_MS - 15_000 + STAY_MS,
      NOW_MS - 10_000 + STAY_MS,
      null,
    ]);
  });
});

describe("a call in flight", () => {
  it("is given up when the lease of its sender has ended, and counts as made at its deadline", () => {
    const { slots } = inFlightOf(1);
    const state = expireCalls(stateOf({ slots, senders: { sender: NOW_MS } }), NOW_MS);
    expect(state).toMatchObject({ slots: {}, lost: [once(NOW_MS + 60_000)] });
    expect(callsInWindow(state, NOW_MS + 60_000 + STAY_MS - 1)).toBe(1);
    expect(callsInWindow(state, NOW_MS + 60_000 + STAY_MS)).toBe(0);
  });

  it("is given up when its sender has left, or its own time is over", () => {
    const { slots, senders } = inFlightOf(1);
    expect(inFlight(expireCalls(stateOf({ slots }), NOW_MS))).toBe(0);
    const living = stateOf({ slots, senders });
    expect(inFlight(expireCalls(living, NOW_MS + 59_999))).toBe(1);
    expect(inFlight(expireCalls(living, NOW_MS + 60_000))).toBe(0);
  });

  it("of a dead sender can be taken back, the oldest first", () => {
    const lost = [
      { atMs: NOW_MS, count: 2 },
      { atMs: NOW_MS + 1, count: 2 },
    ];
    const state = stateOf({ lost });
    expect(forgetLost(state, 1).lost[0]).toEqual(once(NOW_MS));
    expect(forgetLost(state, 3).lost).toEqual([once(NOW_MS + 1)]);
    expect(forgetLost(state, 9).lost).toEqual([]);
  });

  it("can be freed once", () => {
    const state = stateOf(inFlightOf(2));
    const freed = freeSlot(state, 1);
    expect(Object.keys(freed?.slots ?? {})).toEqual(["2"]);
    expect(freeSlot(state, 3)).toBeNull();
  });
});

describe("what the window has passed", () => {
  it("is let go, and so are senders whose lease has ended", () => {
    const calls = [NOW_MS - STAY_MS, NOW_MS].map(once);
    const lost = calls;
    const senders = { dead: NOW_MS, living: NOW_MS + 1 };
    expect(expireCalls(stateOf({ calls, lost, senders }), NOW_MS)).toMatchObject({
      calls: [once(NOW_MS)],
      lost: [once(NOW_MS)],
      senders: { living: NOW_MS + 1 },
    });
  });

  it("is kept for the answers of calls in flight, for a window at most", () => {
    const calls = [once(NOW_MS - STAY_MS)];
    const state = stateOf({ calls, ...inFlightOf(1) });
    expect(expireCalls(state, NOW_MS).calls).toEqual(calls);
    const brief = stateOf({ calls: [once(NOW_MS - 205)], windowMs: 100, ...inFlightOf(1) });
    expect(expireCalls(brief, NOW_MS).calls).toEqual([]);
  });
});

describe("score", () => {
  it("counts a call at its answer while nothing is known of its way", () => {
    expect(score(stateOf(), NOW_MS).calls).toEqual([once(NOW_MS)]);
  });

  it("counts it as much sooner as the quickest call takes, where calls take the same time", () => {
    const steady = stateOf({ quickestMs: 105, usualMs: 105 });
    expect(score(steady, NOW_MS).calls).toEqual([once(NOW_MS - 100)]);
    const uneven = stateOf({ quickestMs: 105, usualMs: 125 });
    expect(score(uneven, NOW_MS).calls).toEqual([once(NOW_MS - 60)]);
    const wild = stateOf({ quickestMs: 105, usualMs: 500 });
    expect(score(wild, NOW_MS).calls).toEqual([once(NOW_MS)]);
  });

  it("keeps calls of one moment, a thousandth of the window, together at the last one's time", () => {
    const momentMs = Math.ceil(NOW_MS / 60) * 60;
    const state = [0, 59, 30].reduce((before, ms) => score(before, momentMs + ms), stateOf());
    expect(state.calls).toEqual([{ atMs: momentMs + 59, count: 3 }]);
    expect(score(state, momentMs + 60).calls).toHaveLength(2);
  });

  it("keeps the order of time though an answer overtakes another", () => {
    const calls = [-900, -100].map((ms) => once(NOW_MS + ms));
    const late = score(stateOf({ calls }), NOW_MS - 500);
    expect(late.calls.map(({ atMs }) => atMs - NOW_MS)).toEqual([-900, -500, -100]);
    expect(score(stateOf({ calls }), NOW_MS - 2_000).calls[0]).toEqual(once(NOW_MS - 2_000));
    expect(score(late, NOW_MS - 500).calls[1]).toEqual({ atMs: NOW_MS - 500, count: 2 });
  });

  it("keeps about a thousand entries of a window at most, and a hundred where the limit is huge", () => {
    let fine = stateOf({ windowMs: 100_000 });
    let coarse = stateOf({ windowMs: 100_000, limit: 1_000_000 });
    for (let ms = 0; ms < 100_000; ms += 20) {
      fine = score(fine, NOW_MS + ms);
      coarse = score(coarse, NOW_MS + ms);
    }
    expect([fine.calls.length, coarse.calls.length]).toEqual([1_000, 100]);
    expect(callsInWindow(coarse, NOW_MS + 100_000)).toBe(5_000);
  });
});
