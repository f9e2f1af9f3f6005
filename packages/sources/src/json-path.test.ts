import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutArray, keysOf, pathOf } from "./json-path.ts";
import { inChunks } from "./test-support.ts";

const SIZES = [[1], [3], [100_000]];

async function cut(content: string, path: string, sizes: readonly number[]): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of cutArray(inChunks(content, sizes), "answer.json", path)) {
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

describe("a path", () => {
  it.each([
    ["data.hosts", ["data", "hosts"]],
    ["/data/hosts", ["data", "hosts"]],
    ["/a.b/c~1d/~0", ["a.b", "c/d", "~"]],
    ["hosts", ["hosts"]],
  ])("%j is the keys %j, and back", (path, keys) => {
    expect(keysOf(path)).toEqual(keys);
    expect(keysOf(pathOf(keys))).toEqual(keys);
  });
});

describe("cutArray", () => {
  it.each(SIZES)(
    "cuts the array at the path and counts lines, in chunks of %j",
    async (...sizes) => {
      const document = `{\n "data": {"hosts": "no", "x": [{"hosts": [0]}]},\n "more":\n {"a\\u002eb": "]}\\"",
      "hosts": [\n{"hosts":[1,"]"]}, 2\n]  , "x": {"hosts": [3]}, "y": [[]]}, "data": null, "total": 2}\n`;
      expect(await cut(document, "more.hosts", sizes)).toBe('\n\n\n\n[\n{"hosts":[1,"]"]}, 2\n]');
    },
  );

  it("finds a key with a dot or an escape", async () => {
    expect(await cut('{"a.b":{"\\u0063":[1]}}', "/a.b/c", [2])).toBe("[1]");
  });

  it("leaves an array that is cut off to the reader of its elements", async () => {
    expect(await cut('{"hosts":[{"a":1},{"b"', "hosts", [4])).toBe('[{"a":1},{"b"');
  });

  it("has nothing in a blank document", async () => {
    expect(await cut(" \n ", "hosts", [1])).toBe("\n");
  });

  it.each([
    ["{}", "hosts", 'there is no "hosts" at the top; it is empty'],
    ['{"a":1,"b":{"c":[]}}', "hosts", 'there is no "hosts" at the top; there are "a", "b"'],
    [
      '{"data":{"x":[],"y":1},"hosts":[]}',
      "data.hosts",
      'there is no "hosts" in "data"; there are "x", "y"',
    ],
    ['{"data":{"hosts":{}}}', "data.hosts", '"data.hosts" is an object; give'],
    ['{"data":[{}]}', "data.hosts", '"data" is an array; give'],
    ['{"data":null}', "data.hosts", '"data" is a single value; give'],
    ['{"hosts":"x","b":1}', "hosts", '"hosts" is a single value; give'],
    ["[1]", "hosts", "the document is no object; leave --at out"],
    ["id,ip\n1,2", "hosts", "the document is no object; leave --at out"],
  ])("refuses %j for the path %j and says what is there", async (content, path, message) => {
    for (const sizes of SIZES) {
      await expect(cut(content, path, sizes)).rejects.toMatchObject({
        code: "path",
        source: "answer.json",
        message: expect.stringContaining(`Cannot read "answer.json": ${message}`),
      });
    }
  });

  it.each([
    ['{"hosts":[1],"hosts":[2]}', "hosts", "hosts"],
    ['{"hosts":[1],"x":{},"\\u0068osts":[]}', "hosts", "hosts"],
    ['{"hosts":[1],"hosts":null}', "hosts", "hosts"],
    ['{"a":{"b":[1]},"a":{"b":[2]}}', "a.b", "a"],
    ['{"a":{"b":[1],"c":{"b":1}},"b":[],"a":7}', "a.b", "a"],
    ['{"a":{"b":{"c":[1]},"b":[]}}', "a.b.c", "a.b"],
  ])("refuses %j, where another array may be at %j", async (content, path, twice) => {
    for (const sizes of SIZES) {
      await expect(cut(content, path, sizes)).rejects.toMatchObject({
        code: "path",
        message: `Cannot read "answer.json": "${twice}" is there twice, and only what is in the first was read; make its keys differ`,
      });
    }
  });

  it.each(['{"hosts":[1]}{"hosts":[2]}', '{"hosts":[1]', '{"data":{"a":1', '{"hosts":[1]} x'])(
    "refuses %j, of which something would be lost",
    async (content) => {
      await expect(cut(content, "hosts", [3])).rejects.toMatchObject({ code: "syntax" });
    },
  );

  it("cuts what JSON.parse finds, wherever it lies", async () => {
    const key = fc.string({ minLength: 1, maxLength: 5 });
    const rest = fc.dictionary(key, fc.jsonValue(), { maxKeys: 4 });
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 });
    const layout = fc.constantFrom<number | undefined>(undefined, 2);
    const paths = fc.array(key, { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(
        paths,
        rest,
        rest,
        fc.array(fc.jsonValue()),
        layout,
        sizes,
        async (keys, before, after, records, layout, sizes) => {
          const document = keys.reduceRight<unknown>((inner, key) => {
            const { [key]: _, ...others } = before;
            const entries = [...Object.entries(others), [key, inner], ...Object.entries(after)];
            const members = new Map(
              entries.filter(
                ([name], index) => index <= Object.keys(others).length || name !== key,
              ) as [string, unknown][],
            );
            return Object.fromEntries(members);
          }, records);
          const text = await cut(JSON.stringify(document, null, layout), pathOf(keys), sizes);
          expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(records)));
        },
      ),
      { seed: 20260131, numRuns: 300 },
    );
  });
});
