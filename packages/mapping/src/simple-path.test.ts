import * as fc from "fast-check";
import jsonata from "jsonata";
import { describe, expect, it } from "vitest";
import { plainValue } from "./plain-value.ts";
import { type PathStep, valueAt } from "./simple-path.ts";

const NAMES = ["a", "b", "__proto__", "length"];

const steps: fc.Arbitrary<PathStep[]> = fc.array(
  fc.record({
    name: fc.constantFrom(...NAMES),
    indices: fc.array(fc.constantFrom(0, 1, -1, 1.5, 9), { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 4 },
);

/** Any JSON, in which the paths above lead somewhere. */
const { value: values } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(null, 0, "", "x", true),
    fc.array(tie("value"), { maxLength: 3 }),
    fc
      .dictionary(fc.constantFrom(...NAMES), tie("value"), { maxKeys: 3 })
      .map((object) => JSON.parse(JSON.stringify(object)) as object),
  ),
}));

function textOf(path: readonly PathStep[]): string {
  return path
    .map(({ name, indices }) => `\`${name}\`${indices.map((index) => `[${index}]`).join("")}`)
    .join(".");
}

describe("a simple path", () => {
  it("gives what JSONata gives, whatever the record", async () => {
    await fc.assert(
      fc.asyncProperty(values, steps, async (value, path) => {
        const asked: unknown = await jsonata(textOf(path)).evaluate(value);
        expect(valueAt(value, path)).toEqual(plainValue(asked));
      }),
      { seed: 20_261_122, numRuns: 2_000 },
    );
  });

  it.for([
    ["a list of one stays a list", { a: ["x"] }, ["x"]],
    ["an empty list too", { a: [] }, []],
    ["nothing is nothing", { b: 1 }, undefined],
    ["what every object inherits is nothing", Object.create({ a: 1 }), undefined],
  ] as const)("%s", ([, record, found]) => {
    expect(valueAt(record, [{ name: "a", indices: [] }])).toEqual(found);
  });
});
