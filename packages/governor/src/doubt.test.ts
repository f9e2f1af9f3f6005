import { describe, expect, it } from "vitest";
import {
  countFailures,
  doubtAfter,
  isTooMuchRefused,
  judgeDoubt,
  type Doubt,
  type DoubtFacts,
} from "./doubt.ts";

function after(facts: Partial<DoubtFacts>): Doubt | null {
  return doubtAfter({
    call: 7,
    outcome: "refused",
    message: "said",
    mayBeBatch: false,
    isCanary: false,
    isSuspect: false,
    failures: null,
    refusals: 0,
    isTrusted: true,
    hasCanary: true,
    ...facts,
  });
}

const RAISED = { call: 7, firstCall: 7, message: "said" };
const FAILED = { what: "unavailable 500", inRow: 3, firstCall: 4 };

describe("a refused batch", () => {
  it("is in doubt, so that a canary is asked first", () => {
    expect(after({})).toEqual({ ...RAISED, reason: "refused" });
  });

  it.for<[string, Partial<DoubtFacts>]>([
    ["there is no canary", { hasCanary: false }],
    ["it is the canary itself", { isCanary: true }],
    ["it is part of a batch that was found guilty", { isSuspect: true }],
  ])("is in no doubt where %s", ([, facts]) => {
    expect(after(facts)).toBeNull();
  });

  it("is in doubt even as a suspect at the twentieth refusal in a row", () => {
    expect(after({ isSuspect: true, refusals: 18 })).toBeNull();
    expect(after({ isSuspect: true, refusals: 19 })).toMatchObject({ reason: "refused" });
  });
});

describe("a forbidden call", () => {
  it("puts the batch in doubt where it may be about what was sent", () => {
    const facts = { outcome: "forbidden", mayBeBatch: true };
    expect(after(facts)).toEqual({ ...RAISED, reason: "forbidden" });
    expect(after({ ...facts, hasCanary: false })).toBeNull();
  });

  it("is about who sent it where the credentials are named", () => {
    expect(after({ outcome: "forbidden" })).toBeNull();
  });
});

describe("a batch that fails", () => {
  it("is in doubt at the third equal failure, canary or not", () => {
    const facts = { outcome: "unavailable", hasCanary: false };
    expect(after({ ...facts, failures: { ...FAILED, inRow: 2 } })).toBeNull();
    expect(after({ ...facts, failures: FAILED })).toEqual({
      ...RAISED,
      reason: "unavailable",
      firstCall: 4,
    });
  });

  it("counts failures that are equal, and forgets them with any other answer", () => {
    const failed = { call: 5, outcome: "unavailable", status: 500 };
    const once = countFailures(null, failed);
    expect(once).toEqual({ what: "unavailable 500", inRow: 1, firstCall: 5 });
    const twice = countFailures(once, { ...failed, call: 6 });
    expect(twice).toEqual({ what: "unavailable 500", inRow: 2, firstCall: 5 });
    const unanswered = { call: 8, outcome: "unknown", status: null };
    expect(countFailures(twice, unanswered)).toEqual({ what: "unknown -", inRow: 1, firstCall: 8 });
    expect(countFailures(twice, { ...failed, outcome: "accepted" })).toBeNull();
  });

  it("is no better and no worse for a call too many", () => {
    expect(countFailures(FAILED, { call: 9, outcome: "limited", status: 429 })).toBe(FAILED);
  });
});

describe("a doubt", () => {
  const doubt: Doubt = { ...RAISED, reason: "refused", firstCall: 5 };
  const nothing = { acceptedCall: 0, failedCall: 0, vouchedCall: 0 };

  it("stays while nobody knows", () => {
    expect(judgeDoubt(doubt, { ...nothing, acceptedCall: 7 })).toBe("open");
  });

  it("ends as guilty once a later call was accepted", () => {
    expect(judgeDoubt(doubt, { ...nothing, acceptedCall: 8 })).toBe("guilty");
  });

  it("ends as innocent once an operator has let everything go on since", () => {
    const evidence = { ...nothing, acceptedCall: 8, vouchedCall: 7 };
    expect(judgeDoubt(doubt, evidence)).toBe("innocent");
  });

  it("about failures ends as innocent where others failed among them", () => {
    const failing: Doubt = { ...doubt, reason: "unavailable" };
    const evidence = { ...nothing, acceptedCall: 8 };
    expect(judgeDoubt(failing, { ...evidence, failedCall: 6 })).toBe("innocent");
    expect(judgeDoubt(failing, { ...evidence, failedCall: 5 })).toBe("guilty");
    expect(judgeDoubt(doubt, { ...evidence, failedCall: 6 })).toBe("guilty");
  });
});

describe("a connector", () => {
  it("has too much refused beyond a fifth, once enough was decided", () => {
    expect(isTooMuchRefused({ decided: 200, refused: 41 })).toBe(true);
    expect(isTooMuchRefused({ decided: 200, refused: 40 })).toBe(false);
    expect(isTooMuchRefused({ decided: 199, refused: 199 })).toBe(false);
  });
});
