import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJson } from "./json-elements.ts";
import { SourceError } from "./source-error.ts";
import type { SourceRecord } from "./source-record.ts";
import { collect, inChunks } from "./test-support.ts";

const SIZES = [[1], [5], [100_000]];

function read(content: string | Buffer, sizes = [3], bytesMax = 1000): Promise<SourceRecord[]> {
  return collect(readJson(inChunks(content, sizes), "hosts.json", bytesMax));
}

/** What was handed out before the error, and the error. */
async function readBroken(
  content: string,
  sizes = [3],
): Promise<{ texts: string[]; error: unknown }> {
  const texts: string[] = [];
  try {
    for await (const slice of readJson(inChunks(content, sizes), "hosts.json", 1000)) {
      texts.push(...slice.map((each) => each.text));
    }
  } catch (error) {
    return { texts, error };
  }
  throw new Error("read to the end");
}

describe("readJson", () => {
  it("hands on the elements of an array, numbered, each on one line", async () => {
    const content =
      '\n[ {"a": [1, "],{"]},\r\n  {\n    "b": {\n      "c": "x\\n\\"y"\n    }\n  }\n]\n\n';
    expect(await read(content)).toEqual([
      { kind: "record", text: '{"a": [1, "],{"]}', line: 1 },
      { kind: "record", text: '{"b": {"c": "x\\n\\"y"}}', line: 2 },
    ]);
  });

  it("hands on elements of any kind, for the worker to judge", async () => {
    const records = await read('[1, "a,]", null, true, [2], {}]');
    expect(records.map((each) => each.text)).toEqual(["1", '"a,]"', "null", "true", "[2]", "{}"]);
  });

  it("keeps every digit of a number and both of two equal keys", async () => {
    const text = '{"n":12345678901234567890.10,"n":1e400}';
    expect(await read(`[${text}]`)).toEqual([{ kind: "record", text, line: 1 }]);
  });

  it("reads pretty-printed objects that follow one another", async () => {
    const records = await read('{\n  "a": 1\n}\n{\n  "b": {}\n}');
    expect(records.map((each) => each.text)).toEqual(['{"a": 1}', '{"b": {}}']);
  });

  it("has no records for an empty array and for nothing", async () => {
    expect(await read(" [ \n ] ")).toEqual([]);
    expect(await read(" \n")).toEqual([]);
  });

  it.each(SIZES)(
    "hands out what comes before a syntax error and then names its place, in chunks of %j",
    async (size) => {
      const { texts, error } = await readBroken('[{"a":1},\n{"b":2},\n{"c":tru},{"d":4}]', [size]);
      expect(texts).toEqual(['{"a":1}', '{"b":2}']);
      expect(error).toBeInstanceOf(SourceError);
      expect(error).toMatchObject({
        code: "syntax",
        source: "hosts.json",
        message: expect.stringContaining("element 3, near line 3"),
      });
    },
  );

  it.each([
    ["two elements without comma", '[{"a":1} {"b":2}]'],
    ["a missing element", '[{"a":1},,{"b":2}]'],
    ["a comma before the end", '[{"a":1},]'],
    ["a comma before the first", '[,{"a":1}]'],
    ["only a comma", "[,]"],
    ["no closing bracket", '[{"a":1}'],
    ["no closing brace", '[{"a":1'],
    ["the wrong bracket", '[{"a":1]}'],
    ["a closing brace for a bracket", '[{"a":1}}'],
    ["two arrays", "[1][2]"],
    ["text after the array", "[1] x"],
    ["text far behind the array", `[1]${" ".repeat(2000)}x`],
    ["text before the array", "x [1]"],
    ["a lost quote", '[{"a":"1},\n{"b":2}]'],
    ["a closing bracket first", "]"],
    ["text only", "hello"],
    ["an object cut off", '{"a":'],
    ["a comma between objects", '{"a":1},\n{"b":2}'],
  ])("throws a syntax error for %s", async (_, content) => {
    for (const sizes of SIZES) {
      const { error } = await readBroken(content, sizes);
      expect(error).toMatchObject({ code: "syntax" });
    }
  });

  it.each(SIZES)(
    "reports an element above the bound by its beginning and goes on, in chunks of %j",
    async (size) => {
      const records = await read(`[{"a":1},{"b":"${"x".repeat(9000)}"},{"c":3}]`, [size]);
      expect(records.map((each) => each.kind)).toEqual(["record", "malformed", "record"]);
      expect(records[1]).toMatchObject({ line: 2, text: expect.stringMatching(/^\{"b":"x+$/) });
      expect(records[2]).toEqual({ kind: "record", text: '{"c":3}', line: 3 });
    },
  );

  it("reports only the element that is not UTF-8", async () => {
    const content = Buffer.concat([
      Buffer.from('["a","'),
      Buffer.from([0xe4]),
      Buffer.from('","ä"]'),
    ]);
    const records = await read(content);
    expect(records.map((each) => each.kind)).toEqual(["record", "malformed", "record"]);
  });

  it("reads what JSON.parse reads, whatever the chunks and the layout are", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 });
    const layout = fc.constantFrom<string | number | undefined>(undefined, 1, "\t", 4);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), layout, sizes, async (values, layout, sizes) => {
        const content = JSON.stringify(values, null, layout);
        const records = await read(content, sizes, 100_000);
        expect(records.map((each) => JSON.stringify(JSON.parse(each.text)))).toEqual(
          values.map((value) => JSON.stringify(value)),
        );
        expect(records.filter((each) => /[\r\n]/.test(each.text))).toEqual([]);
      }),
      { seed: 20260131, numRuns: 300 },
    );
  });
});
