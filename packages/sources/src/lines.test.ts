import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readNdjson } from "./lines.ts";
import type { SourceRecord } from "./source-record.ts";
import { collect, inChunks } from "./test-support.ts";

function read(content: string | Buffer, bytesMax = 1000, sizes = [7]): Promise<SourceRecord[]> {
  return collect(readNdjson(inChunks(content, sizes), bytesMax));
}

function record(text: string, line: number): SourceRecord {
  return { kind: "record", text, line };
}

describe("readNdjson", () => {
  it("hands on each line as it is, with its number", async () => {
    expect(await read('{"a":1}\n{"b": 2}\nnot json\n')).toEqual([
      record('{"a":1}', 1),
      record('{"b": 2}', 2),
      record("not json", 3),
    ]);
  });

  it("takes CRLF, blank lines and a last line without newline, and still counts lines", async () => {
    expect(await read('{"a":1}\r\n\r\n \t\n{"b":2}')).toEqual([
      record('{"a":1}', 1),
      record('{"b":2}', 4),
    ]);
  });

  it("has no records for nothing and for white space", async () => {
    expect(await read("")).toEqual([]);
    expect(await read("\n\r\n  ")).toEqual([]);
  });

  it.each([[[1]], [[10_000]]])(
    "reports a line above the bound by its beginning and goes on, in chunks of %j",
    async (sizes) => {
      const content = `{"a":1}\n${"x".repeat(9000)}\n{"b":2}\n${"y".repeat(5001)}`;
      const message = "Record is longer than 5000 bytes: split it, or check for a missing line end";
      expect(await read(content, 5000, sizes)).toEqual([
        record('{"a":1}', 1),
        { kind: "malformed", text: "x".repeat(4096), line: 2, message },
        record('{"b":2}', 3),
        { kind: "malformed", text: "y".repeat(4096), line: 4, message },
      ]);
    },
  );

  it("takes a line of exactly the bound, counted in bytes", async () => {
    const records = await read("äöüß\näöüßx\n", 8, [100]);
    expect(records.map((each) => each.kind)).toEqual(["record", "malformed"]);
  });

  it("caps the text of a malformed line at 4 KiB without splitting a character", async () => {
    const [only] = await read("x" + "€".repeat(3000), 5000);
    expect(only?.text).toBe("x" + "€".repeat(1365));
  });

  it.each([[[3]], [[10_000]]])(
    "reports only the line that is not UTF-8, in chunks of %j",
    async (sizes) => {
      const latin1 = Buffer.from('{"a":"Köln"}\n', "latin1");
      const content = Buffer.concat([
        Buffer.from('{"k":1}\n'),
        latin1,
        Buffer.from('{"b":"Köln"}\n'),
      ]);
      const records = await read(content, 1000, sizes);
      expect(records.map((each) => each.kind)).toEqual(["record", "malformed", "record"]);
      expect(records[1]).toMatchObject({ line: 2, message: expect.stringContaining("UTF-8") });
      expect(records[2]).toEqual(record('{"b":"Köln"}', 3));
    },
  );

  it("reads the same whatever the chunks are", async () => {
    const line = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 30 }),
      fc.constantFrom("", " ", "\r"),
    );
    const content = fc.array(line, { maxLength: 20 }).map((lines) => lines.join("\n"));
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(content, sizes, async (text, sizes) => {
        const expected = text
          .split("\n")
          .map((each, index) => ({ text: each.trim(), line: index + 1 }))
          .filter((each) => each.text !== "");
        const records = await read(text, 1000, sizes);
        expect(records.map((each) => ({ text: each.text, line: each.line }))).toEqual(expected);
      }),
      { seed: 20260131, numRuns: 300 },
    );
  });
});
