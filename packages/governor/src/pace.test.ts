import { describe, expect, it } from "vitest";
import { callsFor, pacedAfter, paceMs, paceOpensAt, partialOpensAt, shouldSpread } from "./pace.ts";
import type { Pacing } from "./policy.ts";
import { inFlightOf, NOW_MS, policyOf, stateOf } from "./test-governor.ts";

/** 60 calls a minute: one a second, and a little faster. */
const EVEN = stateOf({ limit: 60, isSpread: true });
const EVEN_MS = 990;

describe("the calls that a backlog takes", () => {
  it("are full batches, until calls have shown how many assets they take", () => {
    expect(callsFor(stateOf(), 250)).toBe(3);
    expect(callsFor(stateOf({ assetsPerCall: 50 }), 250)).toBe(5);
    expect(callsFor(stateOf({ assetsPerCall: 0.1 }), 250)).toBe(250);
    expect(callsFor(stateOf(), 0)).toBe(0);
  });
});

describe("pacing", () => {
  function spreads(pacing: Pacing, waitingCalls: number): boolean {
    const calls = [{ atMs: NOW_MS, count: 40 }];
    return shouldSpread(stateOf({ policy: policyOf({ pacing }), calls }), waitingCalls, NOW_MS);
  }

  it("by `auto` is a burst while all that waits fits into the calls left, else spread", () => {
    expect([spreads("auto", 60), spreads("auto", 61)]).toEqual([false, true]);
  });

  it("by `burst` and by `spread` is always that", () => {
    expect([spreads("burst", 1_000), spreads("spread", 1)]).toEqual([false, true]);
  });

  it("is a burst where the server tells only what remains", () => {
    const policy = policyOf({ pacing: "spread" });
    expect(shouldSpread(stateOf({ policy, limit: null, remaining: 5 }), 99, NOW_MS)).toBe(false);
  });
});

describe("calls that are spread", () => {
  it("have even distances, a little less than window by limit", () => {
    expect(paceMs(EVEN, NOW_MS)).toBe(EVEN_MS);
    const none = stateOf({ limit: 60, foreign: 60, readAtMs: NOW_MS });
    expect(paceMs(none, NOW_MS)).toBe(0.99 * 60_000);
  });

  it("follow each other at that distance", () => {
    let state = EVEN;
    for (let i = 0; i < 10; i += 1) {
      state = { ...state, pacedAtMs: pacedAfter(state, NOW_MS), lastCallAtMs: NOW_MS };
    }
    // No further than what a change of the limits lets stand.
    expect(state.pacedAtMs).toBe(NOW_MS + 5 * EVEN_MS);
    expect(paceOpensAt(state, "backfill", 9, NOW_MS)).toBe(NOW_MS + EVEN_MS);
  });

  it("catch up with a pace that fell behind by four calls at once, and no more", () => {
    let state = EVEN;
    const opened = [1, 2, 3, 4, 5].map(() => {
      const opensAtMs = paceOpensAt(state, "backfill", 9, NOW_MS);
      state = { ...state, pacedAtMs: pacedAfter(state, NOW_MS), lastCallAtMs: NOW_MS };
      return opensAtMs <= NOW_MS;
    });
    expect(opened).toEqual([true, true, true, true, false]);
  });

  it("go by today's limits when the pace was booked under slower ones", () => {
    const booked = { pacedAtMs: NOW_MS + 3_600_000, lastCallAtMs: NOW_MS };
    expect(paceOpensAt({ ...EVEN, ...booked }, "live", 9, NOW_MS)).toBe(NOW_MS + EVEN_MS);
  });
});

describe("calls that are not spread", () => {
  const calls = [{ atMs: NOW_MS - 30_000, count: 90 }];
  const state = stateOf({ calls, lastCallAtMs: NOW_MS });

  it("of the backfill have no pace", () => {
    expect(paceOpensAt(state, "backfill", 99, NOW_MS)).toBe(0);
  });

  it("of the live lane make what backfill leaves last until calls come back", () => {
    expect(paceOpensAt(state, "live", 11, NOW_MS)).toBe(NOW_MS + 30_005 / 10);
    expect(paceOpensAt(state, "live", 10, NOW_MS)).toBe(0);
  });

  it("of the live lane have no pace where no call is left, or none comes back", () => {
    const full = [{ atMs: NOW_MS, count: 100 }];
    expect(paceOpensAt({ ...state, calls: full }, "live", 99, NOW_MS)).toBe(0);
    const flying = stateOf({ ...inFlightOf(99), lastCallAtMs: NOW_MS - 1 });
    expect(paceOpensAt(flying, "live", 99, NOW_MS)).toBe(NOW_MS - 1);
  });
});

describe("a partial batch", () => {
  it("waits after the last call, the longer the fewer calls are free", () => {
    const calls = [{ atMs: NOW_MS, count: 40 }];
    const lastCallAtMs = NOW_MS - 500;
    expect(partialOpensAt(stateOf({ lastCallAtMs }), NOW_MS)).toBe(lastCallAtMs + 600);
    expect(partialOpensAt(stateOf({ calls, lastCallAtMs }), NOW_MS)).toBe(lastCallAtMs + 1_000);
  });

  it("waits for the window when no call is free", () => {
    const calls = [{ atMs: NOW_MS, count: 100 }];
    expect(partialOpensAt(stateOf({ calls }), NOW_MS)).toBe(NOW_MS + 60_005);
    expect(partialOpensAt(stateOf(inFlightOf(100)), NOW_MS)).toBe(NOW_MS + 50);
  });
});
