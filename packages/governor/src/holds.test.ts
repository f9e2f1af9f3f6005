import { describe, expect, it } from "vitest";
import {
  beginHold,
  enableConnector,
  endHold,
  endHolds,
  expireHolds,
  isDisabling,
  longestHold,
  partsOf,
  takeUntold,
} from "./holds.ts";
import type { HoldReason, NewHold } from "./hold-after.ts";
import { holdUntil, NOW_MS, stateOf } from "./test-governor.ts";

function holdOf(durationMs: number | null, reason: HoldReason = "rate-limit"): NewHold {
  return { scope: "account", reason, durationMs, message: `for ${durationMs}` };
}

describe("a hold", () => {
  it("has a beginning, an end and a message", () => {
    const { state, isNew } = beginHold(stateOf(), holdOf(1_000), NOW_MS);
    expect(isNew).toBe(true);
    expect(state.holds).toEqual({
      "account rate-limit": { sinceMs: NOW_MS, untilMs: NOW_MS + 1_000, message: "for 1000" },
    });
  });

  it("is not shortened by a later, shorter one", () => {
    const before = beginHold(stateOf(), holdOf(1_000), NOW_MS).state;
    for (const durationMs of [0, 899, 900]) {
      const after = beginHold(before, holdOf(durationMs), NOW_MS + 100);
      expect(after).toEqual({ state: before, isNew: false });
    }
    const endless = beginHold(before, holdOf(null), NOW_MS).state;
    for (const durationMs of [1_000_000, null]) {
      expect(beginHold(endless, holdOf(durationMs), NOW_MS).state).toBe(endless);
    }
  });

  it("is lengthened by a longer one, and keeps its beginning", () => {
    const before = beginHold(stateOf(), holdOf(1_000), NOW_MS).state;
    const longer = beginHold(before, holdOf(901), NOW_MS + 100);
    expect(longer.isNew).toBe(false);
    expect(longer.state.holds["account rate-limit"]).toEqual({
      sinceMs: NOW_MS,
      untilMs: NOW_MS + 1_001,
      message: "for 901",
    });
    const endless = beginHold(before, holdOf(null), NOW_MS + 100);
    expect(endless.state.holds["account rate-limit"]?.untilMs).toBeNull();
  });

  it("stands beside those of other reasons and scopes", () => {
    const first = beginHold(stateOf(), holdOf(1_000), NOW_MS).state;
    const second = beginHold(first, holdOf(null, "operator"), NOW_MS);
    expect(second.isNew).toBe(true);
    const third = beginHold(second.state, { ...holdOf(5), scope: "c1" }, NOW_MS);
    expect(Object.keys(third.state.holds)).toEqual([
      "account rate-limit",
      "account operator",
      "c1 rate-limit",
    ]);
  });

  it("ends when its time is over, and no earlier", () => {
    const holds = { "account rate-limit": holdUntil(NOW_MS), "account operator": holdUntil(null) };
    const state = stateOf({ holds });
    expect(expireHolds(state, NOW_MS - 1)).toBe(state);
    const after = expireHolds(state, NOW_MS);
    expect(Object.keys(after.holds)).toEqual(["account operator"]);
    expect(after.untold).toEqual([
      {
        scope: "account",
        reason: "rate-limit",
        ...holdUntil(NOW_MS),
        endedMs: NOW_MS,
        cause: "time",
      },
    ]);
  });

  it("ends early by an operator's word, which forgives what led to it", () => {
    const holds = { "account unavailable": holdUntil(null), "c1 refused": holdUntil(null) };
    const trouble = { inRow: 3, atMs: NOW_MS };
    const state = stateOf({ holds, failed: trouble, limited: trouble, crowded: trouble });
    const after = endHolds(state, NOW_MS, "operator");
    const none = { inRow: 0 };
    expect(after).toMatchObject({ holds: {}, failed: none, limited: none, crowded: none });
    expect(after.untold.map(({ scope, cause }) => [scope, cause])).toEqual([
      ["account", "operator"],
      ["c1", "operator"],
    ]);
  });

  it("ends alone when its own reason is gone, and forgives nothing", () => {
    const holds = { "c1 dead-letters": holdUntil(null), "c2 dead-letters": holdUntil(null) };
    const state = stateOf({ holds, failed: { inRow: 3, atMs: NOW_MS } });
    const after = endHold(state, NOW_MS, "room", "c1 dead-letters");
    expect(Object.keys(after.holds)).toEqual(["c2 dead-letters"]);
    expect(after.untold).toMatchObject([{ scope: "c1", cause: "room" }]);
    expect(after.failed).toEqual(state.failed);
    expect(endHold(after, NOW_MS, "room", "c1 dead-letters")).toBe(after);
  });

  it("ends with others of its reason, and leaves those of another", () => {
    const holds = { "account credentials": holdUntil(null), "account operator": holdUntil(null) };
    const after = endHolds(stateOf({ holds }), NOW_MS, "credentials", { reason: "credentials" });
    expect(Object.keys(after.holds)).toEqual(["account operator"]);
    expect(after.untold).toMatchObject([{ reason: "credentials", cause: "credentials" }]);
  });

  it("ends with those of its scope", () => {
    const holds = { "c1 operator": holdUntil(null), "c2 operator": holdUntil(null) };
    const after = endHolds(stateOf({ holds }), NOW_MS, "operator", { scope: "c1" });
    expect(Object.keys(after.holds)).toEqual(["c2 operator"]);
  });

  it("of a disabled connector ends only when it is enabled, each reason for itself", () => {
    const disabled = { "c1 disabled": holdUntil(null), "c1 disabled-in-file": holdUntil(null) };
    const before = stateOf({ holds: { ...disabled, "c1 refused": holdUntil(null) } });
    const after = endHolds(before, NOW_MS, "operator");
    expect(after.holds).toEqual(disabled);
    const enabled = enableConnector(after, NOW_MS, "c1", "disabled");
    expect(Object.keys(enabled.holds)).toEqual(["c1 disabled-in-file"]);
    expect(enabled.untold.at(-1)).toMatchObject({ scope: "c1", reason: "disabled" });
    expect(enableConnector(enabled, NOW_MS, "c1", "disabled")).toBe(enabled);
    expect(["disabled", "disabled-in-file", "refused"].map(isDisabling)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("is told of once when it has ended, the newest hundred if nobody asks", () => {
    let state = stateOf();
    for (let i = 0; i < 102; i += 1) {
      const held = beginHold(state, { ...holdOf(0), scope: `c${i}` }, NOW_MS).state;
      state = expireHolds(held, NOW_MS);
    }
    const told = takeUntold(state);
    expect(told.ended).toHaveLength(100);
    expect(told.ended[0]?.scope).toBe("c2");
    expect(takeUntold(told.state).ended).toEqual([]);
  });
});

describe("the longest hold of a scope", () => {
  it("is the one that ends last, and one without end before all", () => {
    const timed = {
      "account rate-limit": holdUntil(NOW_MS + 1),
      "account unavailable": holdUntil(NOW_MS + 3),
      "account concurrency": holdUntil(NOW_MS + 2),
      "c1 refused": holdUntil(NOW_MS + 9),
    };
    const state = stateOf({ holds: timed });
    expect(longestHold(state, "account", NOW_MS)?.name).toBe("account unavailable");
    const holds = { "account operator": holdUntil(null), ...timed };
    const endless = stateOf({ holds });
    expect(longestHold(endless, "account", NOW_MS)?.name).toBe("account operator");
  });

  it("is none when all are over", () => {
    const holds = { "account rate-limit": holdUntil(NOW_MS) };
    expect(longestHold(stateOf({ holds }), "account", NOW_MS)).toBeNull();
    expect(longestHold(stateOf(), "account", NOW_MS)).toBeNull();
  });

  it("is found by its name, whose reason may have any form", () => {
    expect(partsOf("c-1 a reason of its own")).toEqual({
      scope: "c-1",
      reason: "a reason of its own",
    });
  });
});
