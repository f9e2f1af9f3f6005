import * as fc from "fast-check";
import {
  assetId,
  CHUNK_ASSETS_MAX,
  createTransform,
  mappingPolicy,
  transformRecord,
  versionOf,
  type Chunk,
  type ChunkRecord,
  type Settlement,
} from "@sluice/inventory";
import { describe, expect, it } from "vitest";
import type { PipelineEvent } from "./events.ts";
import type { Isolation } from "./isolated-outcomes.ts";
import {
  createTransformStage,
  outcomeOf,
  settlementOf,
  type TransformStageOptions,
} from "./transform-stage.ts";

const connector = "da4b8361-2327-4bf1-af7d-2ce775bc9882";
const policy = mappingPolicy({ connectorUuid: connector });
const transform = createTransform(policy);
const SEQUENCE = 5;

function record(fields: object, line = 1): ChunkRecord {
  return { text: JSON.stringify({ hostname: "h", ...fields }), line };
}

function chunkOf(...records: readonly ChunkRecord[]): Chunk {
  return { sequence: SEQUENCE, run: "run", connector, source: "hosts.ndjson", records };
}

function settle(...records: readonly ChunkRecord[]): Promise<Settlement> {
  return settlementOf(chunkOf(...records), transform);
}

/** The asset's JSON text that a record becomes. */
function bodyOf({ text }: ChunkRecord): string {
  const transformed = transformRecord(text, policy);
  return transformed.kind === "asset" ? transformed.body : "";
}

describe("a record of a chunk", () => {
  it("becomes the asset that is sent, with the version of its place", async () => {
    const [first, second] = [record({ id: "a" }), record({ id: "b" })];
    expect(await settle(first, second)).toMatchObject({
      assets: [
        { id: assetId("a"), version: versionOf(SEQUENCE, 0), body: bodyOf(first) },
        { id: assetId("b"), version: versionOf(SEQUENCE, 1), body: bodyOf(second) },
      ],
      dead: [],
      coalesced: 0,
      warnings: {},
    });
  });

  it("that can't be mapped is a dead letter with its place and the reason, and its neighbours go on", async () => {
    const broken = { text: '{"id":"b","memory_mb":{}}', line: 12 };
    const { assets, dead } = await settle(record({ id: "a" }), broken, record({ id: "c" }));
    expect(assets.map(({ id }) => id)).toEqual([assetId("a"), assetId("c")]);
    expect(dead).toEqual([
      {
        id: assetId("b"),
        version: versionOf(SEQUENCE, 1),
        letter: {
          key: "b",
          reason: "schema",
          path: "memory_mb",
          message: expect.stringContaining("memory_mb"),
          source: "hosts.ndjson",
          line: 12,
          raw: broken.text,
        },
      },
    ]);
  });

  it("that the source could not read is malformed, in the source's words", async () => {
    const { dead } = await settle({ text: "{oops", line: 3, problem: "it is cut off" });
    expect(dead[0]?.letter).toMatchObject({
      key: null,
      reason: "malformed",
      message: "it is cut off",
      line: 3,
      raw: "{oops",
    });
  });

  it("without a key is known by its place: the same in each try, another for each line", async () => {
    const keyless = [1, 2].map((line) => ({ text: '{"os":"Linux"}', line }));
    const ids = (await settle(...keyless)).dead.map(({ id }) => id.toString("hex"));
    expect((await settle(...keyless)).dead.map(({ id }) => id.toString("hex"))).toEqual(ids);
    expect(new Set(ids).size).toBe(2);
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
  });

  it("keeps its version when it is replayed, so that no newer one is overtaken", async () => {
    const { assets, dead } = await settle(
      { ...record({ id: "a" }), version: 42 },
      { text: "[]", line: 1, version: 43 },
    );
    expect([assets[0]?.version, dead[0]?.version]).toEqual([42, 43]);
  });
});

describe("a record of any text", () => {
  const known = ["id", "hostname", "ip", "software", "vulnerabilities", "cve", "severity"];
  const odd = ["__proto__", "constructor", "toString", "\0", "\ud800", ""];
  const name = fc.constantFrom(...known, ...odd);
  const number = fc.constantFrom("12345678901234567890", "1.10", "-0", "1e400", "1E-7", "0");
  const string = fc.string({ unit: "binary", maxLength: 8 }).map((text) => JSON.stringify(text));
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.oneof(number, string, fc.constantFrom("null", "true", '"[[1]]"', '"\\ud800"')),
      fc.array(tie("value"), { maxLength: 4 }).map((items) => `[${items.join()}]`),
      fc
        .array(fc.tuple(name, tie("value")), { maxLength: 5 })
        .map((pairs) => `{${pairs.map(([key, of]) => `${JSON.stringify(key)}:${of}`).join()}}`),
    ),
  }));
  const record = fc
    .array(fc.tuple(name, value), { maxLength: 6 })
    .map((pairs) => `{${pairs.map(([key, of]) => `${JSON.stringify(key)}:${of}`).join()}}`);
  const broken = fc.tuple(value, fc.nat()).map(([text, at]) => text.slice(0, at % text.length));
  const named = fc
    .tuple(record, string)
    .map(([text, id]) => `${text.slice(0, -1)}${text === "{}" ? "" : ","}"id":${id}}`);
  const texts = fc.array(fc.oneof(named, record, value, broken, fc.string({ unit: "binary" })));

  it("is an asset or a letter, in JSON that can be read, and none of a chunk is missing", async () => {
    let delivered = 0;
    await fc.assert(
      fc.asyncProperty(texts, async (made) => {
        const { assets, dead, coalesced } = await settle(
          ...made.map((text, index) => ({ text, line: index + 1 })),
        );
        expect(assets.length + dead.length + coalesced).toBe(made.length);
        for (const { body } of assets) {
          expect(JSON.parse(body)).toHaveProperty("identityAttributes.sourceNativeKey");
        }
        for (const { letter } of dead) {
          expect(JSON.parse(JSON.stringify(letter))).toEqual(letter);
          expect(letter.message).toMatch(/^Cannot /);
        }
        delivered += assets.length;
      }),
      { seed: 20_261_122, numRuns: 500 },
    );
    expect(delivered).toBeGreaterThan(200);
  });
});

describe("records of the same asset in one chunk", () => {
  const [old, young] = [record({ id: "a", os: "old" }), record({ id: "a", os: "young" })];

  it("coalesce to the last, which is the newest", async () => {
    expect(await settle(old, young)).toMatchObject({
      assets: [{ version: versionOf(SEQUENCE, 1), body: bodyOf(young) }],
      coalesced: 1,
    });
  });

  it("coalesce to the newest version where replayed ones are among them, whatever their order", async () => {
    const [first, second] = [
      { ...old, version: 7 },
      { ...young, version: 8 },
    ];
    for (const records of [
      [first, second],
      [second, first],
    ]) {
      expect(await settle(...records)).toMatchObject({
        assets: [{ version: 8, body: bodyOf(young) }],
        coalesced: 1,
      });
    }
  });

  it("are all accounted for, and no asset appears twice", async () => {
    const records = fc.array(
      fc.record({
        key: fc.constantFrom("a", "b", "c", ""),
        version: fc.option(fc.nat({ max: 10 * CHUNK_ASSETS_MAX }), { nil: undefined }),
      }),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(records, async (made) => {
        const chunk = made.map(({ key, version }, line) => ({
          ...(key === "" ? { text: "{}", line } : record({ id: key }, line)),
          ...(version !== undefined && { version }),
        }));
        const { assets, dead, coalesced } = await settle(...chunk);
        expect(assets.length + dead.length + coalesced).toBe(made.length);
        expect(new Set(assets.map(({ id }) => id.toString("hex"))).size).toBe(assets.length);
        for (const { id, version } of assets) {
          const versions = made.flatMap(({ key, version: own }, index) =>
            key !== "" && assetId(key).equals(id) ? [own ?? versionOf(SEQUENCE, index)] : [],
          );
          expect(version).toBe(Math.max(...versions));
        }
      }),
      { seed: 20_261_121, numRuns: 200 },
    );
  });
});

describe("warnings", () => {
  it("are counted by their codes", async () => {
    const bare = { text: '{"id":"a"}', line: 1 };
    const { warnings } = await settle(
      bare,
      { ...bare, text: '{"id":"b"}' },
      record({ id: "c", mac: "?" }),
    );
    expect(warnings).toEqual({ "key-only": 2, "mac-dropped": 1 });
  });
});

describe("the transform stage", () => {
  const counts = { waiting: 1, parked: 0, unchanged: 2, coalesced: 3, dead: 4 };

  /** A stage over one chunk, and all that it did. */
  function start(changes: Partial<TransformStageOptions> = {}) {
    const settled: unknown[] = [];
    const events: PipelineEvent[] = [];
    const unexpected = () => {
      throw new Error("the chunk was isolated");
    };
    const buriedOf: string[] = [];
    const transformChunk = createTransformStage({
      beginTry: async () => 1,
      readDeaths: unexpected,
      noteDeath: unexpected,
      isolate: unexpected,
      loadChunk: async () => chunkOf(record({ id: "a" }), { text: "[]", line: 2 }),
      settle: async (sequence, settlement) => {
        settled.push([sequence, settlement]);
        return { kind: "settled", ...counts };
      },
      onBuried: async (name) => {
        buriedOf.push(name);
      },
      transformOf: (name) => (name === connector ? transform : null),
      report: (event) => void events.push(event),
      ...changes,
    });
    return { transformChunk, settled, events, buriedOf };
  }

  it("settles what it found, and tells what came of it", async () => {
    const { transformChunk, settled, events, buriedOf } = start();
    await transformChunk(SEQUENCE);
    expect(buriedOf).toEqual([connector]);
    expect(settled).toEqual([
      [SEQUENCE, await settle(record({ id: "a" }), { text: "[]", line: 2 })],
    ]);
    expect(events).toEqual([
      { event: "chunk.settled", run: "run", sequence: SEQUENCE, ...counts },
      { event: "records.buried", run: "run", records: 1, reasons: { malformed: 1 } },
    ]);
  });

  it("says nothing of dead letters where there are none", async () => {
    const { transformChunk, events } = start({
      loadChunk: async () => chunkOf(record({ id: "a" })),
    });
    await transformChunk(SEQUENCE);
    expect(events.map(({ event }) => event)).toEqual(["chunk.settled"]);
  });

  it("writes letters, with the record as it is now, about assets that Qualys refused before", async () => {
    const settlements: Settlement[] = [];
    const refusal = { index: 0, reason: "refused", message: "no such site" };
    const { transformChunk, events } = start({
      settle: async (_, settlement) => {
        settlements.push(settlement);
        if (!settlement.refused) return { kind: "refused", refusals: [refusal] };
        return { kind: "settled", ...counts };
      },
    });
    await transformChunk(SEQUENCE);
    const { text, line } = record({ id: "a" });
    expect(settlements[1]?.refused).toEqual([
      {
        index: 0,
        letter: {
          key: "a",
          reason: "refused",
          path: "",
          message: "no such site",
          source: "hosts.ndjson",
          line,
          raw: text,
          asset: settlements[0]?.assets[0]?.body,
        },
      },
    ]);
    expect(events[0]).toMatchObject({ event: "chunk.settled" });
  });

  it("gives a chunk up for now whose assets are refused faster than it can be settled", async () => {
    const refusals = [{ index: 0, reason: "refused", message: "no" }];
    const { transformChunk } = start({ settle: async () => ({ kind: "refused", refusals }) });
    await expect(transformChunk(SEQUENCE)).rejects.toThrow("Cannot settle chunk 5");
  });

  it("does nothing with a chunk that is gone", async () => {
    const { transformChunk, settled, events } = start({ loadChunk: async () => null });
    await transformChunk(SEQUENCE);
    expect([settled, events]).toEqual([[], []]);
  });

  it("does nothing with a chunk that is settled before it takes it up", async () => {
    const { transformChunk, settled, events } = start({ beginTry: async () => 0 });
    await transformChunk(SEQUENCE);
    expect([settled, events]).toEqual([[], []]);
  });

  it("says nothing of a chunk that another worker settled meanwhile", async () => {
    const { transformChunk, events } = start({ settle: async () => ({ kind: "gone" }) });
    await transformChunk(SEQUENCE);
    expect(events).toEqual([]);
  });

  it("leaves the chunk of a connector it does not know, says so once, and counts no try", async () => {
    const beginTry = () => Promise.reject(new Error("a try was counted"));
    const { transformChunk, settled, events } = start({ transformOf: () => null, beginTry });
    expect(await transformChunk(SEQUENCE)).toBe("left");
    expect(await transformChunk(SEQUENCE)).toBe("left");
    expect(settled).toEqual([]);
    const why = "this worker is configured for other connectors";
    expect(events).toEqual([{ event: "chunk.left", sequence: SEQUENCE, connector, why }]);
  });

  it("says so again when it has known the connector meanwhile", async () => {
    const transforms = [null, transform, null];
    const { transformChunk, events } = start({ transformOf: () => transforms.shift() ?? null });
    const outcomes = [];
    while (outcomes.length < 3) outcomes.push(await transformChunk(SEQUENCE));
    expect(outcomes).toEqual(["left", "done", "left"]);
    expect(events.filter(({ event }) => event === "chunk.left")).toHaveLength(2);
  });

  it("fails with a settling that fails, so that the chunk is tried again", async () => {
    const { transformChunk, events } = start({
      settle: () => Promise.reject(new Error("no Redis")),
    });
    await expect(transformChunk(SEQUENCE)).rejects.toThrow("no Redis");
    expect(events).toEqual([]);
  });
});

describe("a chunk that was taken up before and not settled", () => {
  const chunk = chunkOf(
    record({ id: "a" }, 1),
    record({ id: "poison" }, 2),
    record({ id: "b" }, 3),
  );
  const how = "it took longer than 5000 ms";

  /** Transforms the chunk where the second record kills so often; returns what came of it. */
  async function transformWith(kills: number, noted: { count: number; how: string }[] = []) {
    const asked: number[] = [];
    const settled: Settlement[] = [];
    const events: PipelineEvent[] = [];
    let deaths = noted[1]?.count ?? 0;
    const isolate = (): Isolation => ({
      async transform(one) {
        asked.push(one.line);
        const isDeadly = one.line === 2 && asked.filter((line) => line === 2).length <= kills;
        return isDeadly ? { kind: "killed", how } : outcomeOf(one, transform);
      },
      async [Symbol.asyncDispose]() {},
    });
    const transformChunk = createTransformStage({
      loadChunk: async () => chunk,
      beginTry: async () => 2,
      readDeaths: async () => noted,
      noteDeath: async (_, index, told) => {
        expect([index, told]).toEqual([1, how]);
        return (deaths += 1);
      },
      isolate,
      settle: async (_, settlement) => {
        settled.push(settlement);
        return { kind: "settled", waiting: 0, parked: 0, unchanged: 0, coalesced: 0, dead: 0 };
      },
      onBuried: async () => {},
      transformOf: () => transform,
      report: (event) => void events.push(event),
    });
    await transformChunk(SEQUENCE);
    return { asked, settled, events };
  }

  it("comes to the same in isolation, record by record, where none of them kills", async () => {
    const { asked, settled, events } = await transformWith(0);
    expect(asked).toEqual([1, 2, 3]);
    expect(settled).toEqual([await settlementOf(chunk, transform)]);
    expect(events[0]).toEqual({
      event: "chunk.isolated",
      run: "run",
      sequence: SEQUENCE,
      tries: 2,
    });
  });

  it("has its records tried twice, for once may be an accident", async () => {
    const { asked, settled } = await transformWith(1);
    expect(asked).toEqual([1, 2, 2, 3]);
    expect(settled).toEqual([await settlementOf(chunk, transform)]);
  });

  it("loses only the record that kills twice, to a letter that says how it killed", async () => {
    const { asked, settled, events } = await transformWith(2);
    expect(asked).toEqual([1, 2, 2, 3]);
    expect(settled[0]?.assets.map(({ id }) => id)).toEqual([assetId("a"), assetId("b")]);
    expect(settled[0]?.dead).toMatchObject([
      {
        version: versionOf(SEQUENCE, 1),
        letter: {
          key: null,
          reason: "poison",
          message: `Cannot transform the record: ${how}, in 2 tries; correct the record or the mapping`,
          line: 2,
          raw: chunk.records[1]?.text,
        },
      },
    ]);
    expect(events.at(-1)).toMatchObject({ event: "records.buried", reasons: { poison: 1 } });
  });

  it("remembers what its records did to earlier processes, so that it comes to an end", async () => {
    const none = { count: 0, how: "" };
    expect((await transformWith(9, [none, { count: 1, how }, none])).asked).toEqual([1, 2, 3]);
    const { asked, settled } = await transformWith(9, [none, { count: 2, how }, none]);
    expect(asked).toEqual([1, 3]);
    expect(settled[0]?.dead).toMatchObject([{ letter: { message: expect.stringContaining(how) } }]);
  });
});
