import { describe, expect, it } from "vitest";
import { SharedValues } from "./shared-values.ts";

const at = (line: number, source = "a.csv") => ({ source, line });

describe("SharedValues", () => {
  it("finds values of several owners, with the first places, the most frequent ones first", () => {
    const values = new SharedValues();
    values.add("alone", 1, at(1));
    values.add("twice", 1, at(2));
    values.add("often", 1, at(3));
    values.add("twice", 2, at(1, "b.csv"));
    for (let owner = 2; owner <= 5; owner += 1) values.add("often", owner, at(owner, "b.csv"));
    expect(values.found()).toEqual({
      values: 2,
      records: 7,
      isExact: true,
      examples: [
        { value: "often", records: 5, places: [at(3), at(2, "b.csv"), at(3, "b.csv")] },
        { value: "twice", records: 2, places: [at(2), at(1, "b.csv")] },
      ],
    });
  });

  it("takes an owner that comes again for no other", () => {
    const values = new SharedValues();
    for (let line = 1; line <= 3; line += 1) values.add("mine", 7, at(line));
    expect(values.found()).toMatchObject({ values: 0, records: 0 });
  });

  it("shows of very many values only a few, and of very long ones only the beginning", () => {
    const values = new SharedValues();
    for (const owner of [1, 2]) {
      for (let index = 0; index < 5_000; index += 1) values.add(`v${index}`, owner, at(index));
      values.add("x".repeat(10_000), owner, at(9));
    }
    const { examples, ...counts } = values.found();
    expect(counts).toEqual({ values: 5_001, records: 10_002, isExact: true });
    expect(examples).toHaveLength(5);
    expect(JSON.stringify(examples).length).toBeLessThan(2_000);
  });
});
