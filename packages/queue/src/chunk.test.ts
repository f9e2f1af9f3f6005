import * as fc from "fast-check";
import type { ChunkContent } from "@sluice/inventory";
import { describe, expect, it } from "vitest";
import { packChunk, unpackChunk } from "./chunk.ts";

const SEED = 20_261_121;

const readable = fc.record(
  {
    text: fc.json().map((text) => text.replaceAll("\n", " ")),
    line: fc.nat(),
    source: fc.string(),
    version: fc.nat(),
  },
  { requiredKeys: ["text", "line"] },
);
const malformed = fc.record(
  {
    text: fc.string({
      unit: fc.constantFrom("\n", "\r", '"', "\\", "{", "é", "\u2028", "😀", "\0"),
    }),
    line: fc.nat(),
    problem: fc.string(),
    version: fc.nat(),
  },
  { requiredKeys: ["text", "line", "problem"] },
);

describe("a packed chunk", () => {
  it("unpacks to what it was, whatever its records say", async () => {
    const contents = fc.record({
      source: fc.string(),
      records: fc.array(fc.oneof(readable, malformed), { maxLength: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(contents, async (content) => {
        expect(unpackChunk(packChunk(content))).toEqual(content);
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  it("keeps a malformed record's line ends, versions and marks apart from its neighbours", async () => {
    const content: ChunkContent = {
      source: "hosts.ndjson",
      records: [
        { text: '{"id":1}', line: 1 },
        { text: '{"id":\n2', line: 2, problem: "the line ends within a record" },
        { text: '{"id":3}', line: 4, version: 7_168 },
        { text: '{"id":5}', line: 5, version: 0 },
        { text: "", line: 6, problem: "" },
      ],
    };
    expect(unpackChunk(packChunk(content))).toEqual(content);
  });

  it("may have no records", async () => {
    const content = { source: "empty.ndjson", records: [] };
    expect(unpackChunk(packChunk(content))).toEqual(content);
  });

  it("keeps line ends inside of a text, whether it is malformed or not", () => {
    const records = [
      { text: '{"id":\n1}', line: 1, problem: "not UTF-8" },
      { text: '{"id":\n2}', line: 2 },
      { text: '{"id":3}', line: 3 },
    ];
    expect(unpackChunk(packChunk({ source: "s", records })).records).toEqual(records);
  });

  it("takes a fraction of what its records take", async () => {
    const records = Array.from({ length: 250 }, (_, index) => ({
      text: JSON.stringify({ id: index, hostname: `host-${index}`, os: "Debian GNU/Linux 12" }),
      line: index + 1,
    }));
    const bytes = records.reduce((sum, { text }) => sum + text.length, 0);
    expect(packChunk({ source: "s", records }).length).toBeLessThan(bytes / 4);
  });
});
