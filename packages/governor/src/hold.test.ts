import { describe, expect, it } from "vitest";
import { holdAfter, type CallFacts } from "./hold.ts";
import { emptyReading } from "./reading.ts";

function after(facts: Partial<CallFacts>): ReturnType<typeof holdAfter> {
  return holdAfter({
    outcome: "accepted",
    message: "said",
    reading: emptyReading,
    connector: "c1",
    failures: 0,
    refusals: 0,
    isTrusted: true,
    chance: 0,
    ...facts,
  });
}

describe("holdAfter", () => {
  it("lets calls go on while some are left", () => {
    expect(after({ reading: { ...emptyReading, remaining: 1, toWaitMs: 5_000 } })).toBeNull();
    expect(after({})).toBeNull();
  });

  it.each(["accepted", "accepted-in-part", "refused", "too-large"])(
    "holds the account after a call that was %s when none is left",
    (outcome) => {
      const reading = { ...emptyReading, remaining: 0, toWaitMs: 3_000 };
      expect(after({ outcome, reading })).toMatchObject({
        scope: "account",
        reason: "rate-limit",
        durationMs: 3_000,
      });
    },
  );

  it("waits a minute when the server does not say how long", () => {
    expect(after({ outcome: "limited" })?.durationMs).toBe(60_000);
    expect(after({ reading: { ...emptyReading, remaining: 0 } })?.durationMs).toBe(60_000);
  });

  it("never waits longer than the window, nor a day when none is known", () => {
    const reading = { ...emptyReading, toWaitMs: 10 * 365 * 86_400_000 };
    expect(after({ outcome: "limited", reading })?.durationMs).toBe(86_400_000);
    expect(
      after({ outcome: "limited", reading: { ...reading, windowMs: 9_000 } })?.durationMs,
    ).toBe(9_000);
  });

  it("takes a wait of nothing as a short one", () => {
    expect(
      after({ outcome: "limited", reading: { ...emptyReading, toWaitMs: 0 } })?.durationMs,
    ).toBe(250);
  });

  it("tells too many at once from too many", () => {
    const reading = {
      ...emptyReading,
      remaining: 7,
      concurrencyLimit: 2,
      concurrencyRunning: 2,
      toWaitMs: 50_000,
    };
    expect(after({ outcome: "limited", reading, chance: 0.5 })).toMatchObject({
      reason: "concurrency",
      durationMs: 375,
    });
    expect(after({ outcome: "limited", reading: { ...reading, remaining: 0 } })?.reason).toBe(
      "rate-limit",
    );
  });

  it.each([
    [0, 0, 500],
    [0, 1, 1_000],
    [3, 0, 4_000],
    [3, 1, 8_000],
    [100, 1, 300_000],
  ])("after %i failures, with chance %f, waits %i ms", (failures, chance, durationMs) => {
    for (const outcome of ["unavailable", "unknown"]) {
      expect(after({ outcome, failures, chance })).toMatchObject({
        reason: "unavailable",
        durationMs,
      });
    }
  });

  it("waits at least as long as an unavailable server asks for", () => {
    const reading = { ...emptyReading, toWaitMs: 30_000 };
    expect(after({ outcome: "unavailable", reading })?.durationMs).toBe(30_000);
  });

  it.each([
    ["forbidden", "credentials"],
    ["wrong-address", "wrong-address"],
  ])("holds until an operator acts when the call was %s", (outcome, reason) => {
    expect(after({ outcome })).toEqual({
      scope: "account",
      reason,
      durationMs: null,
      message: "said",
    });
  });

  it("holds a connector of which nothing was ever accepted much sooner, and names the likely cause", () => {
    expect(after({ outcome: "refused", refusals: 3, isTrusted: false })).toBeNull();
    const hold = after({ outcome: "refused", refusals: 4, isTrusted: false });
    expect(hold).toMatchObject({ scope: "c1", reason: "refused" });
    expect(hold?.message).toContain("is its UUID right");
  });

  it("holds a connector whose calls are refused again and again", () => {
    expect(after({ outcome: "refused", refusals: 18 })).toBeNull();
    expect(after({ outcome: "refused", refusals: 19 })).toMatchObject({
      scope: "c1",
      reason: "refused",
      durationMs: null,
    });
  });
});
