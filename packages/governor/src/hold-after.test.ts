import { describe, expect, it } from "vitest";
import { holdAfter, type CallFacts } from "./hold-after.ts";
import { emptyReading, type Reading } from "./reading.ts";

const DAY_MS = 86_400_000;

function after(
  facts: Partial<Omit<CallFacts, "reading">> & { reading?: Partial<Reading> },
): ReturnType<typeof holdAfter> {
  return holdAfter({
    outcome: "accepted",
    cause: "rate",
    message: "said",
    connector: "c1",
    inRow: 1,
    windowMs: 60_000,
    limit: 60,
    elapsedMs: 100,
    explainedMs: null,
    refusals: 0,
    isTrusted: true,
    isCanary: false,
    isDoubtful: false,
    chance: 0,
    ...facts,
    reading: { ...emptyReading, ...facts.reading },
  });
}

describe("after an answer that leaves calls", () => {
  it("there is no hold", () => {
    expect(after({})).toBeNull();
    expect(after({ reading: { remaining: 1, toWaitMs: 5_000 } })).toBeNull();
    expect(after({ reading: { toWaitMs: 5_000 } })).toBeNull();
  });
});

describe("after an answer that leaves no call", () => {
  it.each(["accepted", "accepted-in-part", "refused", "too-large"])(
    "the account is held though the call was %s",
    (outcome) => {
      expect(after({ outcome, reading: { remaining: 0, toWaitMs: 3_000 } })).toEqual({
        scope: "account",
        reason: "rate-limit",
        durationMs: 3_000,
        message: "the server says that no call is left in this window",
      });
    },
  );

  it("the wait is a minute when the server names none", () => {
    const reading = { remaining: 0 };
    expect(after({ reading, windowMs: null })?.durationMs).toBe(60_000);
    expect(after({ reading, windowMs: DAY_MS })?.durationMs).toBe(60_000);
  });

  it("the wait is never longer than the window, nor than a day where none is known", () => {
    const reading = { remaining: 0, toWaitMs: 10 * 365 * DAY_MS };
    expect(after({ reading, windowMs: 9_000 })?.durationMs).toBe(9_000);
    expect(after({ reading, windowMs: DAY_MS })?.durationMs).toBe(DAY_MS);
    expect(after({ reading, windowMs: null })?.durationMs).toBe(DAY_MS);
  });

  it("our own window tells the wait to the millisecond, where it agrees with the server's", () => {
    const reading = { remaining: 0, toWaitMs: 30_000 };
    for (const explainedMs of [28_900, 30_000, 31_100]) {
      expect(after({ reading, explainedMs })?.durationMs).toBe(explainedMs);
    }
    expect(after({ reading: { remaining: 0 }, explainedMs: 7_000 })?.durationMs).toBe(7_000);
  });

  it("the server is believed where our window does not explain what it says", () => {
    const reading = { remaining: 0, toWaitMs: 30_000 };
    for (const explainedMs of [null, 0, 28_899, 31_101]) {
      expect(after({ reading, explainedMs })?.durationMs).toBe(30_000);
    }
  });

  it("there is no hold when our window has room within a second or the pace of three calls", () => {
    const reading = { remaining: 0 };
    expect(after({ reading, explainedMs: 2_999 })).toBeNull();
    expect(after({ reading, explainedMs: 3_000 })?.durationMs).toBe(3_000);
    const quick = { reading, windowMs: 60_000, limit: 6_000 };
    expect(after({ ...quick, explainedMs: 999 })).toBeNull();
    expect(after({ ...quick, explainedMs: 1_000 })?.durationMs).toBe(1_000);
    expect(after({ ...quick, windowMs: null, explainedMs: 999 })).toBeNull();
  });

  it("one that is left may be the answered call, where a server names no limit but a wait", () => {
    const reading = { remaining: 1, toWaitMs: 3_000 };
    expect(after({ reading, limit: null })?.durationMs).toBe(3_000);
    expect(after({ reading: { remaining: 1, toWaitMs: 0 }, limit: null })).toBeNull();
    expect(after({ reading: { remaining: 1 }, limit: null })).toBeNull();
  });
});

describe("after a call too many", () => {
  it("the account is held as long as the server says", () => {
    expect(after({ outcome: "limited", reading: { toWaitMs: 40_000 } })).toEqual({
      scope: "account",
      reason: "rate-limit",
      durationMs: 40_000,
      message: "said",
    });
  });

  it("the wait is a minute when the server names none", () => {
    expect(after({ outcome: "limited", windowMs: null })?.durationMs).toBe(60_000);
  });

  it("a wait of nothing is a short one, and doubles while calls are refused, up to a minute", () => {
    const waits = [1, 2, 3, 9, 10, 1_000].map((inRow) => {
      const reading = { toWaitMs: 0 };
      return after({ outcome: "limited", reading, inRow, windowMs: DAY_MS })?.durationMs;
    });
    expect(waits).toEqual([250, 500, 1_000, 60_000, 60_000, 60_000]);
  });

  it("the wait is never longer than the window", () => {
    const reading = { toWaitMs: 10 * 365 * DAY_MS };
    expect(after({ outcome: "limited", reading, windowMs: 2_000 })?.durationMs).toBe(2_000);
    expect(after({ outcome: "limited", reading, windowMs: null })?.durationMs).toBe(DAY_MS);
  });
});

describe("after a call too many at once", () => {
  it("the wait is short, has its own clock, and is spread over several senders", () => {
    const reading = { remaining: 7, toWaitMs: 50_000 };
    const facts = { outcome: "limited", cause: "concurrency", reading } as const;
    expect(after(facts)).toMatchObject({ scope: "account", reason: "concurrency" });
    expect(after(facts)?.durationMs).toBe(250);
    expect(after({ ...facts, chance: 0.5 })?.durationMs).toBe(375);
    expect(after({ ...facts, inRow: 3 })?.durationMs).toBe(1_000);
    expect(after({ ...facts, inRow: 100, chance: 1 })?.durationMs).toBe(10_000);
  });
});

describe("after a call without a usable answer", () => {
  it.each([
    [1, 0, 500],
    [1, 1, 1_000],
    [4, 0, 4_000],
    [4, 1, 8_000],
    [100, 1, 300_000],
  ])("of %i in a row, with chance %f, the wait is %i ms", (inRow, chance, durationMs) => {
    for (const outcome of ["unavailable", "unknown"]) {
      expect(after({ outcome, inRow, chance })).toMatchObject({
        scope: "account",
        reason: "unavailable",
        durationMs,
      });
    }
  });

  it("the wait is at least what the server asks for, and never longer than the window", () => {
    const outcome = "unavailable";
    expect(after({ outcome, reading: { toWaitMs: 30_000 } })?.durationMs).toBe(30_000);
    expect(after({ outcome, reading: { toWaitMs: 90_000 } })?.durationMs).toBe(60_000);
    const reading = { toWaitMs: 10 * 365 * DAY_MS };
    expect(after({ outcome, reading, windowMs: null })?.durationMs).toBe(DAY_MS);
  });
});

describe("after an answer that only an operator can mend", () => {
  it.each([
    ["forbidden", "credentials"],
    ["wrong-address", "wrong-address"],
  ])("%s holds the account without end", (outcome, reason) => {
    const reading = { remaining: 0, toWaitMs: 1 };
    expect(after({ outcome, reading })).toEqual({
      scope: "account",
      reason,
      durationMs: null,
      message: "said",
    });
  });

  it("twenty refusals in a row hold the connector", () => {
    expect(after({ outcome: "refused", refusals: 18 })).toBeNull();
    expect(after({ outcome: "refused", refusals: 19 })).toEqual({
      scope: "c1",
      reason: "refused",
      durationMs: null,
      message: "20 calls in a row were refused; the last: said",
    });
  });

  it("five hold one of which nothing was ever accepted, and the likely cause is named", () => {
    expect(after({ outcome: "refused", refusals: 3, isTrusted: false })).toBeNull();
    const hold = after({ outcome: "refused", refusals: 4, isTrusted: false });
    expect(hold).toMatchObject({ scope: "c1", reason: "refused" });
    expect(hold?.message).toContain("is its UUID right");
  });
});

describe("a canary that is refused", () => {
  it("holds its connector at once: it is not the data", () => {
    expect(after({ outcome: "refused", isCanary: true })).toEqual({
      scope: "c1",
      reason: "refused",
      durationMs: null,
      message: "an asset that Qualys took before is refused now, so it is not the data: said",
    });
  });
});

describe("a call that has put its batch in doubt", () => {
  it.for(["refused", "forbidden"])("holds nothing when it was %s", (outcome) => {
    expect(after({ outcome, isDoubtful: true, refusals: 40 })).toBeNull();
  });

  it("is waited for all the same when it failed", () => {
    expect(after({ outcome: "unavailable", isDoubtful: true })).toMatchObject({
      reason: "unavailable",
    });
  });
});
