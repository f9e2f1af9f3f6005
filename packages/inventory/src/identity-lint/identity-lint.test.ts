import { describe, expect, it } from "vitest";
import { mappingPolicy, type MappingPolicy } from "../policy.ts";
import { transformRaw } from "../transform.ts";
import { IdentityLint } from "./identity-lint.ts";

const connectorUuid = "da4b8361-2327-4bf1-af7d-2ce775bc9882";
const MAC_AND_SERIAL = ["identityAttributes.macAddress", "identityAttributes.serialNumber"];

function lint(records: readonly object[], options: Partial<MappingPolicy> = {}) {
  const lint = new IdentityLint();
  for (const [index, record] of records.entries()) {
    const transformed = transformRaw(record, mappingPolicy({ connectorUuid, ...options }));
    if (transformed.kind === "dead") throw new Error(transformed.message);
    lint.look(transformed, { source: "hosts.ndjson", line: index + 1 });
  }
  return lint.findings();
}

function codesOf(records: readonly object[], options: Partial<MappingPolicy> = {}): string[] {
  return lint(records, options).map(({ level, code, records }) => `${level} ${code} ${records}`);
}

describe("the identity lint", () => {
  it("says what was found, of which attribute, and what follows", () => {
    const [finding, ...others] = lint(
      [
        { id: "a", serial: "To be filled by O.E.M.", ip: "10.0.0.1" },
        { id: "b", serial: "5CD1", ip: "10.0.0.2" },
        { id: "c", serial: "to be filled by O.E.M.", ip: "10.0.0.3" },
      ],
      { optionalFields: MAC_AND_SERIAL },
    );
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      code: "placeholder-serial",
      level: "warning",
      attributes: ["serialNumber"],
      consequence: expect.stringContaining("merges strangers") as string,
      records: 2,
      values: null,
      isExact: true,
      examples: [
        {
          value: "To be filled by O.E.M.",
          records: 1,
          places: [{ source: "hosts.ndjson", line: 1 }],
        },
        {
          value: "to be filled by O.E.M.",
          records: 1,
          places: [{ source: "hosts.ndjson", line: 3 }],
        },
      ],
    });
  });

  it("only notes what the source has and is not sent", () => {
    const records = [
      { id: "a", mac: "E4:CE:8F:49:0D:7C", serial: "None.", hostname: "web" },
      { id: "b", mac: "e4ce.8f49.0d7c", serial: "5CD1", hostname: "db" },
    ];
    expect(codesOf(records)).toEqual(["note placeholder-serial 1", "note shared-mac 2"]);
    expect(codesOf(records, { optionalFields: MAC_AND_SERIAL })).toEqual([
      "warning placeholder-serial 1",
      "warning shared-mac 2",
    ]);
  });

  it("only notes what the mapping has left out", () => {
    const nobody = {
      id: "a",
      hostname: "web",
      ip: ["127.0.0.1", "not an address", "10.0.0.1"],
      mac: "00:00:00:00:00:00",
      uuid: "ffffffff-ffff-ffff-ffff-ffffffffffff",
    };
    expect(codesOf([nobody], { optionalFields: MAC_AND_SERIAL })).toEqual([
      "note null-uuid 1",
      "note null-mac 1",
      "note unroutable-address 1",
    ]);
  });

  it("counts a record once for each thing that is wrong with it", () => {
    const containers = {
      id: "a",
      mac: ["02:42:AC:11:00:02", "02:42:AC:11:00:03", "00:50:56:00:00:01"],
    };
    const [finding] = lint([containers], { optionalFields: MAC_AND_SERIAL, macFormat: "array" });
    expect(finding).toMatchObject({ code: "virtual-mac", records: 2 });
    expect(finding?.examples.map(({ value }) => value)).toEqual(["Docker", "VMware"]);
  });

  it("takes a key for shared where two records say that they are different machines", () => {
    expect(
      codesOf([
        { id: "a", hostname: "web" },
        { id: "a", hostname: "db" },
      ]),
    ).toEqual(["error shared-key 2"]);
    expect(
      codesOf([
        { id: "a", serial: "1X" },
        { id: "a", serial: "2X" },
      ]),
    ).toContain("error shared-key 2");
  });

  it("takes a key for one asset's where its records agree, or say different kinds of things", () => {
    const renamed = { id: "a", uuid: "4c4c4544-0051-3410-8057-b7c04f4d3732" };
    expect(
      codesOf([
        { ...renamed, hostname: "web" },
        { ...renamed, hostname: "db" },
      ]),
    ).toEqual([]);
    expect(
      codesOf([
        { id: "a", hostname: "web" },
        { id: "a", hostname: "WEB." },
      ]),
    ).toEqual([]);
    expect(
      codesOf([
        { id: "a", hostname: "web" },
        { id: "a", serial: "5CD1", ip: "10.0.0.1" },
      ]),
    ).toEqual([]);
  });

  it("takes no derived UUID for the asset's own", () => {
    expect(
      codesOf([
        { id: "a", hostname: "web" },
        { id: "b", hostname: "db" },
      ]),
    ).toEqual([]);
  });

  it("finds keys that stand for nothing, but takes numbers for keys", () => {
    const keys = [
      "localhost",
      "none.",
      "00000000",
      "127.0.0.1",
      "0",
      "7",
      "1111",
      "123456789",
      "web",
    ];
    const [finding, ...others] = lint(keys.map((id, index) => ({ id, hostname: `h${index}` })));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ code: "placeholder-key", level: "warning", records: 4 });
  });
});
