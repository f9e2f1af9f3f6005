import { parse } from "csv-parse/sync";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readRow } from "./csv-row.ts";

/** What the parser makes of a row; null if it refuses it. */
function parsed(row: string): string[] | null {
  try {
    return parse(row, { delimiter: ";", record_delimiter: "\n" })[0] ?? [];
  } catch {
    return null;
  }
}

describe("readRow", () => {
  it("reads what a CSV parser reads, and nothing that it refuses", () => {
    const row = fc.string({ unit: fc.constantFrom('"', '""', '";"', ";", "a", " "), maxLength: 9 });
    fc.assert(
      fc.property(row, (text) => {
        fc.pre(text !== "");
        const lines = [{ kind: "record", text, line: 1 }] as const;
        const read = readRow(lines, 0, { delimiter: ";", lengthMax: 100, isEnd: true });
        expect(read.kind === "row" ? read.values : null).toEqual(parsed(text));
      }),
      { seed: 20260131, numRuns: 2_000 },
    );
  });
});
