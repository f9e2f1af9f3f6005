import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assetSchema } from "./asset.ts";
import { ASSET_NAMES, FINDING_NAMES, SOFTWARE_NAMES } from "./field-names.ts";
import { OPTIONAL_FIELDS } from "./optional-fields.ts";
import { mappingPolicy } from "./policy.ts";
import { transformRaw, transformRecord } from "./transform.ts";

fc.configureGlobal({ seed: 20_260_326, numRuns: 200 });

const policy = mappingPolicy({
  connectorUuid: "da4b8361-2327-4bf1-af7d-2ce775bc9882",
  optionalFields: [...OPTIONAL_FIELDS.keys()],
});

const anyJson = fc.jsonValue({ maxDepth: 4 });

/** Records whose names are ours and whose values are anything. */
const oddRecord = fc.dictionary(
  fc.constantFrom(
    ...[ASSET_NAMES, SOFTWARE_NAMES, FINDING_NAMES].flatMap((names) => Object.values(names).flat()),
  ),
  fc.oneof(
    anyJson,
    fc.array(anyJson),
    fc.array(fc.dictionary(fc.constantFrom("cve", "severity", "port", "name"), anyJson)),
  ),
);

const realRecord = fc.record(
  {
    id: fc.uuid(),
    hostname: fc.domain(),
    ips: fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 5 }),
    macs: fc.array(fc.constantFrom("00:50:56:81:01:e3", "E4CE8F490D7C", "0050.5681.01e4")),
    os: fc.string(),
    software: fc.array(fc.record({ name: fc.string(), version: fc.string() })),
    vulnerabilities: fc.array(
      fc.record(
        {
          cve: fc.integer({ min: 1000, max: 9999 }).map((number) => `CVE-2020-${number}`),
          severity: fc.integer({ min: 1, max: 5 }),
          port: fc.integer({ min: 0, max: 65_535 }),
          protocol: fc.constantFrom("tcp", "UDP"),
        },
        { requiredKeys: ["cve"] },
      ),
    ),
    last_seen: fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(1e12) })
      .map((date) => date.toISOString()),
    rack: fc.string(),
    room: fc.string(),
  },
  { requiredKeys: ["id"] },
);

/** The same value with every object's keys and every list in another order. */
function shuffled(value: unknown, random: () => number): unknown {
  if (typeof value !== "object" || value === null) return value;
  const inOrder = <T>(items: T[]): T[] =>
    items
      .map((item) => ({ item, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item);
  if (Array.isArray(value)) return inOrder(value.map((element) => shuffled(element, random)));
  return Object.fromEntries(
    inOrder(Object.entries(value)).map(([name, field]) => [name, shuffled(field, random)]),
  );
}

describe("for any record", () => {
  it("a transform never throws, and gives an asset of the schema or says why not", () => {
    fc.assert(
      fc.property(fc.oneof(anyJson, oddRecord, realRecord), (record) => {
        const transformed = transformRecord(JSON.stringify(record), policy);
        if (transformed.kind === "dead") expect(transformed.message).toMatch(/^Cannot /);
        else assetSchema.strict().parse(JSON.parse(transformed.body));
      }),
    );
  });

  it("a transform never throws for text that is not JSON", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        transformRecord(text, policy);
      }),
    );
  });

  it("the same transform twice gives the same bytes", () => {
    fc.assert(
      fc.property(fc.oneof(oddRecord, realRecord), (record) => {
        expect(transformRaw(record, policy)).toEqual(transformRaw(record, policy));
      }),
    );
  });

  it("the order of keys and lists and the dates do not change the fingerprint", () => {
    fc.assert(
      fc.property(
        realRecord,
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (record, stream) => {
          const random = () => stream.next().value ?? 0;
          const one = transformRaw(record, policy);
          const other = transformRaw(shuffled({ ...record, last_seen: 0 }, random), policy);
          expect(one.kind).toBe("asset");
          expect(other).toMatchObject({
            kind: "asset",
            fingerprint: one.kind === "asset" && one.fingerprint,
          });
        },
      ),
    );
  });
});
