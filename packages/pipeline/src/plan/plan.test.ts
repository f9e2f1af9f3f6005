import {
  createTransform,
  mappingPolicy,
  transformRecord,
  type ChunkRecord,
} from "@sluice/inventory";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { settlementOf } from "../transform-stage.ts";
import { Plan, type PlanOptions, type Standing } from "./plan.ts";

const SEED = 20_261_122;
const policy = mappingPolicy({ connectorUuid: "da4b8361-2327-4bf1-af7d-2ce775bc9882" });
const transform = createTransform(policy);

function planWith(changes: Partial<PlanOptions> = {}): Plan {
  return new Plan({ transform, compare: null, assetsMax: 10, bytesMax: 1_000_000, ...changes });
}

function recordsOf(values: readonly unknown[]): ChunkRecord[] {
  return values.map((value, index) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return { text, line: index + 1 };
  });
}

async function reportOf(values: readonly unknown[], changes: Partial<PlanOptions> = {}) {
  const plan = planWith(changes);
  await plan.add({ source: "hosts.ndjson", records: recordsOf(values) });
  return await plan.report();
}

const hosts = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `h${index}`, hostname: `h${index}` }));

describe("a plan", () => {
  it("counts every record once, as what would become of it", async () => {
    const report = await reportOf([
      ...hosts(25),
      { id: "h3", hostname: "h3", os: "newer" },
      "{oops",
      { os: "no key" },
      { id: "x", ip: "10.0.0.300" },
    ]);
    expect(report).toMatchObject({
      read: 29,
      new: 26,
      changed: 0,
      unchanged: 0,
      coalesced: 1,
      dead: 2,
      calls: 3,
      isExact: true,
      deadLetters: [
        { reason: "malformed", records: 1, examples: [{ source: "hosts.ndjson", line: 27 }] },
        { reason: "no-key", records: 1, examples: [{ line: 28, path: "" }] },
      ],
      warnings: [{ code: "address-dropped", records: 1 }],
      duplicates: [{ value: "h3", records: 1, places: [{ source: "hosts.ndjson", line: 26 }] }],
      first: { identityAttributes: { sourceNativeKey: "h0" } },
    });
  });

  it("takes from the comparison what is changed, unchanged, or was refused before", async () => {
    const standings: Readonly<Record<string, Standing>> = {
      h0: { fate: "changed", onItsWay: "in-flight" },
      h1: { fate: "unchanged", onItsWay: "waiting" },
      h2: { fate: "dead", onItsWay: null },
      h3: { fate: "new", onItsWay: "waiting" },
    };
    const report = await reportOf(hosts(5), {
      compare: async (assets) =>
        assets.map((_, index) => standings[`h${index}`] ?? { fate: "new", onItsWay: null }),
    });
    expect(report).toMatchObject({
      read: 5,
      new: 2,
      changed: 1,
      unchanged: 1,
      dead: 1,
      waiting: 1,
      inFlight: 1,
      calls: 1,
      deadLetters: [{ reason: "refused", records: 1, examples: [{ line: 3 }] }],
    });
  });

  it("compares many assets at once, and no more than 1,000", async () => {
    const sizes: number[] = [];
    await reportOf(hosts(2_500), {
      compare: async (assets) => {
        sizes.push(assets.length);
        return assets.map(() => ({ fate: "unchanged", onItsWay: null }));
      },
    });
    expect(sizes).toEqual([1_000, 1_000, 500]);
  });

  it("needs no call where there is nothing to send", async () => {
    const compare = async (assets: readonly unknown[]): Promise<Standing[]> =>
      assets.map(() => ({ fate: "unchanged", onItsWay: null }));
    expect(await reportOf(hosts(30), { compare })).toMatchObject({ calls: 0, bytes: 0 });
    expect(await reportOf([])).toMatchObject({ read: 0, calls: 0, first: null });
  });

  it("fills calls by bytes where assets are large, and gives one that is too large a call of its own", async () => {
    const [small] = hosts(1);
    const bytes = transformRecord(JSON.stringify(small), policy);
    if (bytes.kind === "dead") throw new Error(bytes.message);
    const one = Buffer.byteLength(bytes.body) + 1;
    const bytesMax = 512 + 3 * one;
    expect(await reportOf(hosts(9), { bytesMax })).toMatchObject({ calls: 3 });
    expect(await reportOf(hosts(9), { bytesMax: bytesMax - 1 })).toMatchObject({ calls: 5 });
    expect(await reportOf(hosts(4), { bytesMax: 1 })).toMatchObject({ calls: 4 });
  });

  it("keeps a few examples of very many dead letters", async () => {
    const { deadLetters, dead } = await reportOf(Array.from({ length: 3_000 }, () => "{oops"));
    expect(dead).toBe(3_000);
    expect(deadLetters).toMatchObject([{ reason: "malformed", records: 3_000 }]);
    expect(deadLetters[0]?.examples).toHaveLength(5);
  });

  it("agrees with what a worker settles of the same records, whatever they are", async () => {
    const record = fc.oneof(
      fc.record({ id: fc.constantFrom("a", "b", "c"), os: fc.constantFrom("x", "y") }),
      fc.constantFrom("{oops", { os: "no key" }, [], {
        id: "d",
        vulnerabilities: [{ severity: 9 }],
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 40 }), async (values) => {
        const report = await reportOf(values);
        const place = { source: "hosts.ndjson", sequence: 1, run: "r", connector: "c" };
        const settled = await settlementOf({ ...place, records: recordsOf(values) }, transform);
        expect(report.new).toBe(settled.assets.length);
        expect(report.coalesced).toBe(settled.coalesced);
        expect(report.dead).toBe(settled.dead.length);
        expect(report.bytes).toBe(
          settled.assets.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0),
        );
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  it("balances, whatever the comparison says", async () => {
    const fates = fc.constantFrom("new", "changed", "unchanged", "dead") satisfies fc.Arbitrary<
      Standing["fate"]
    >;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat({ max: 5 }), fates), { maxLength: 60 }),
        async (steps) => {
          const compare = async () => steps.map(([, fate]) => ({ fate, onItsWay: null }));
          const records = steps.map(([key]) => ({ id: `h${key}`, hostname: "h" }));
          const plan = await reportOf(records, { compare });
          expect(plan.new + plan.changed + plan.unchanged + plan.coalesced + plan.dead).toBe(
            plan.read,
          );
          const last = new Map(steps);
          const sent = [...last.values()].filter((fate) => fate === "new" || fate === "changed");
          expect(plan.new + plan.changed).toBe(sent.length);
          expect(plan.calls > 0).toBe(sent.length > 0);
        },
      ),
      { seed: SEED, numRuns: 100 },
    );
  });
});
