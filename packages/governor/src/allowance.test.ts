import { describe, expect, it } from "vitest";
import {
  allowedCalls,
  concurrencyOf,
  freeCalls,
  isLiveInUse,
  isPairOnly,
  isProbing,
  windowOpensAt,
} from "./allowance.ts";
import type { GovernorState } from "./state.ts";
import { inFlightOf, NOW_MS, policyOf, stateOf } from "./test-governor.ts";

const STAY_MS = 60_005;

/** So many calls of ours that were answered a second ago. */
function scored(count: number): Pick<GovernorState, "calls"> {
  return { calls: [{ atMs: NOW_MS - 1_000, count }] };
}

describe("probing, one call at a time,", () => {
  it("is how an account begins", () => {
    const state = stateOf({ answeredAtMs: null });
    expect([isProbing(state, NOW_MS), concurrencyOf(state, NOW_MS)]).toEqual([true, 1]);
  });

  it("ends with an answer", () => {
    expect(concurrencyOf(stateOf({ concurrency: 4 }), NOW_MS)).toBe(4);
  });

  it("begins again with a refusal for too many calls", () => {
    const trouble = { inRow: 1, atMs: NOW_MS };
    expect(isProbing(stateOf({ limited: trouble }), NOW_MS)).toBe(true);
    expect(isProbing(stateOf({ crowded: trouble }), NOW_MS)).toBe(true);
  });

  it("begins again when the newest answer is a minute old: the clock may have jumped", () => {
    const hourly = stateOf({ windowMs: 3_600_000 });
    expect(isProbing(hourly, NOW_MS + 60_000)).toBe(false);
    expect(isProbing(hourly, NOW_MS + 60_001)).toBe(true);
  });

  it("begins again when it is half a window old, where that is less", () => {
    const brief = stateOf({ windowMs: 10_000 });
    expect(isProbing(brief, NOW_MS + 5_000)).toBe(false);
    expect(isProbing(brief, NOW_MS + 5_001)).toBe(true);
  });
});

describe("calls at once", () => {
  it("are the server's number, and the fallback's while it says none", () => {
    const fallback = { limit: 1, windowMs: 1_000, concurrency: 3 };
    const policy = policyOf({ fallback });
    expect(concurrencyOf(stateOf({ policy, concurrency: 5 }), NOW_MS)).toBe(5);
    expect(concurrencyOf(stateOf({ policy, concurrency: null }), NOW_MS)).toBe(3);
  });

  it("are fewer while others were seen to use slots, but never none", () => {
    const [few, many] = [2, 9].map((count) => ({ count, atMs: NOW_MS }));
    expect(few && concurrencyOf(stateOf({ concurrency: 5, slotSlack: few }), NOW_MS)).toBe(3);
    expect(many && concurrencyOf(stateOf({ concurrency: 5, slotSlack: many }), NOW_MS)).toBe(1);
  });

  it("are a thousand at most, whatever the server says", () => {
    expect(concurrencyOf(stateOf({ concurrency: 1_000_000_000 }), NOW_MS)).toBe(1_000);
  });
});

describe("calls of ours in a window", () => {
  it("are the limit, less those reserved for others by the operator", () => {
    const policy = policyOf({ callsReserved: 30 });
    expect(allowedCalls(stateOf(), "backfill", NOW_MS)).toBe(100);
    expect(allowedCalls(stateOf({ policy }), "backfill", NOW_MS)).toBe(70);
  });

  it("leave room for what others were seen to use, until a window after that reading", () => {
    const state = stateOf({ foreign: 40, readAtMs: NOW_MS - 59_999 });
    expect(allowedCalls(state, "backfill", NOW_MS)).toBe(60);
    expect(allowedCalls(state, "backfill", NOW_MS + 1)).toBe(100);
    const fallback = { limit: 100, windowMs: 1_000, concurrency: 1 };
    const untold = stateOf({ ...state, windowMs: null, policy: policyOf({ fallback }) });
    expect(allowedCalls(untold, "backfill", NOW_MS)).toBe(100);
    expect(allowedCalls(stateOf({ foreign: 40 }), "backfill", NOW_MS)).toBe(100);
  });

  it("leave the slack, up to a quarter of the limit", () => {
    const slackOf = (count: number) => ({ slack: { count, atMs: NOW_MS } });
    expect(allowedCalls(stateOf(slackOf(3)), "backfill", NOW_MS)).toBe(97);
    expect(allowedCalls(stateOf(slackOf(99)), "backfill", NOW_MS)).toBe(75);
  });

  it("are one at least, unless others were seen to use all", () => {
    const policy = policyOf({ callsReserved: 500 });
    expect(allowedCalls(stateOf({ policy }), "backfill", NOW_MS)).toBe(1);
    const foreign = stateOf({ foreign: 100, readAtMs: NOW_MS });
    expect(allowedCalls(foreign, "backfill", NOW_MS)).toBe(0);
  });

  it("of the backfill leave the live lane its share while that is in use and calls come in bursts", () => {
    const policy = policyOf({ callsLive: 0.105 });
    const state = stateOf({ policy, liveAtMs: NOW_MS });
    expect(allowedCalls(state, "backfill", NOW_MS)).toBe(89);
    expect(allowedCalls(state, "live", NOW_MS)).toBe(100);
    expect(allowedCalls({ ...state, isSpread: true }, "backfill", NOW_MS)).toBe(100);
    expect(isLiveInUse(state, NOW_MS + 59_999)).toBe(true);
    expect(allowedCalls(state, "backfill", NOW_MS + 60_000)).toBe(100);
    expect(isLiveInUse(stateOf(), NOW_MS)).toBe(false);
  });
});

describe("free calls", () => {
  it("are those allowed that are not in the window", () => {
    expect(freeCalls(stateOf({ ...scored(90), ...inFlightOf(4) }), "backfill", NOW_MS)).toBe(6);
    expect(freeCalls(stateOf(scored(200)), "backfill", NOW_MS)).toBe(0);
  });

  it("are what remains, where the server tells nothing else", () => {
    const pair = stateOf({ limit: null, remaining: 9, left: 7, ...scored(500) });
    expect(isPairOnly(pair)).toBe(true);
    expect(isPairOnly(stateOf({ remaining: 9 }))).toBe(false);
    expect(freeCalls(pair, "backfill", NOW_MS)).toBe(7);
    expect(freeCalls({ ...pair, left: -1 }, "backfill", NOW_MS)).toBe(0);
    expect(freeCalls({ ...pair, left: null }, "backfill", NOW_MS)).toBe(0);
  });
});

describe("the window", () => {
  it("has room now, or when enough of our calls have left it", () => {
    expect(windowOpensAt(stateOf(scored(99)), "backfill", NOW_MS)).toBe(NOW_MS);
    const opensAtMs = NOW_MS - 1_000 + STAY_MS;
    expect(windowOpensAt(stateOf(scored(100)), "backfill", NOW_MS)).toBe(opensAtMs);
  });

  it("opens at a time that nobody knows when the calls that fill it are in flight", () => {
    expect(windowOpensAt(stateOf(inFlightOf(100)), "backfill", NOW_MS)).toBeNull();
  });

  it("opens at the latest when the calls of others have left it", () => {
    const foreign = { foreign: 50, readAtMs: NOW_MS - 30_000 };
    const theirsMs = NOW_MS + 30_000;
    expect(windowOpensAt(stateOf({ ...foreign, ...inFlightOf(50) }), "backfill", NOW_MS)).toBe(
      theirsMs,
    );
    expect(windowOpensAt(stateOf({ ...foreign, ...scored(50) }), "backfill", NOW_MS)).toBe(
      theirsMs,
    );
    const sooner = { calls: [{ atMs: NOW_MS - 50_000, count: 50 }] };
    const oursMs = NOW_MS - 50_000 + STAY_MS;
    expect(windowOpensAt(stateOf({ ...foreign, ...sooner }), "backfill", NOW_MS)).toBe(oursMs);
    const past = { foreign: 50, readAtMs: NOW_MS - 60_000 };
    expect(windowOpensAt(stateOf({ ...past, ...inFlightOf(100) }), "backfill", NOW_MS)).toBeNull();
    const unread = stateOf({ foreign: 50, ...inFlightOf(100) });
    expect(windowOpensAt(unread, "backfill", NOW_MS)).toBeNull();
  });

  it("of a server that tells only what remains is open while something does, or to probe", () => {
    const pair = stateOf({ limit: null, remaining: 0, left: 1, ...inFlightOf(1) });
    expect(windowOpensAt(pair, "backfill", NOW_MS)).toBe(NOW_MS);
    expect(windowOpensAt({ ...pair, left: 0 }, "backfill", NOW_MS)).toBeNull();
    expect(windowOpensAt({ ...pair, left: null }, "backfill", NOW_MS)).toBeNull();
    expect(windowOpensAt({ ...pair, left: 0, slots: {} }, "backfill", NOW_MS)).toBe(NOW_MS);
  });
});
