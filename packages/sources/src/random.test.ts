import { describe, expect, it } from "vitest";
import { pickWeighted, randomBelow, seededRandom } from "./random.ts";

describe("seededRandom", () => {
  it("repeats itself for the same seed and differs for another one", () => {
    const take = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed));
    expect(take(1)).toEqual(take(1));
    expect(take(1)).not.toEqual(take(2));
  });

  it("gives the numbers that mulberry32 is known to give", () => {
    const random = seededRandom(0);
    expect([random(), random()].map((each) => each * 2 ** 32)).toEqual([1144304738, 1416247]);
  });

  it("spreads over all values below the bound", () => {
    const random = seededRandom(3);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let turn = 0; turn < 10_000; turn += 1) {
      const value = randomBelow(random, 10);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    expect(counts.filter((count) => count < 900 || count > 1100)).toEqual([]);
  });
});

describe("pickWeighted", () => {
  it("picks by weight and never what has none", () => {
    const random = seededRandom(4);
    const items: [{ name: string; weight: number }, ...{ name: string; weight: number }[]] = [
      { name: "never", weight: 0 },
      { name: "rare", weight: 1 },
      { name: "often", weight: 9 },
    ];
    const picked = Array.from({ length: 10_000 }, () => pickWeighted(random, items).name);
    const rare = picked.filter((name) => name === "rare").length;
    expect(picked).not.toContain("never");
    expect(rare).toBeGreaterThan(900);
    expect(rare).toBeLessThan(1100);
  });
});
