import { describe, expect, it } from "vitest";
import { budgetShare } from "./budget-share.ts";

const LIMITS = { limit: 3, windowMs: 900 };

describe("the share of the budget", () => {
  it("is 1 when each call comes a window after the one that made room for it", () => {
    expect(budgetShare([0, 10, 20, 900, 910, 920, 1_800], LIMITS)).toBe(1);
    expect(budgetShare([0, 300, 600, 900, 1_200, 1_500], LIMITS)).toBe(1);
  });

  it("is less by what calls came later than they could", () => {
    expect(budgetShare([0, 400, 800, 1_200, 1_600], LIMITS)).toBe(0.75);
  });

  it("is not known before a call had to wait for another", () => {
    expect(budgetShare([0, 1, 2], LIMITS)).toBeNull();
  });
});
