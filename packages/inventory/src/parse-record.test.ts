import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRecord } from "./parse-record.ts";

describe("a number of a record", () => {
  it.each([
    "12345678901234567890",
    "-9007199254740993",
    "1.10",
    "10.0",
    "0.12345678901234567890",
    "1e400",
    "123456789012345678901e3",
  ])("%s stays as its source wrote it, as text", (source) => {
    expect(parseRecord(`{"a":${source},"b":[1, ${source} ]}`)).toEqual({
      a: source,
      b: [1, source],
    });
    expect(parseRecord(source === "1.10" ? "[1.10]" : `[${source}]`)).toEqual([source]);
  });

  it.each(["0", "8192", "-7", "9007199254740991", "1.5", "1e3", "2.5E-3", "1234567890123456"])(
    "%s that loses nothing is a number",
    (source) => {
      expect(parseRecord(`{"a":${source}}`)).toEqual({ a: Number(source) });
    },
  );

  it("in a text is text", () => {
    const record = { a: "b, 1.10", "c: 1.10": ", 12345678901234567890" };
    expect(parseRecord(JSON.stringify(record))).toEqual(record);
  });

  it("is the only thing in which a record differs from what JSON.parse makes of it", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, layout) => {
        const text = JSON.stringify({ "1.10": value, x: [1e21, value] }, null, layout);
        const asText = JSON.stringify(parseRecord(text), (_, part: unknown) =>
          typeof part === "number" ? String(part) : part,
        );
        const expected = JSON.stringify(JSON.parse(text), (_, part: unknown) =>
          typeof part === "number" ? String(part) : part,
        );
        expect(asText).toBe(expected);
      }),
      { seed: 20_261_122, numRuns: 300 },
    );
  });
});
