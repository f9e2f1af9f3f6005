import { describe, expect, it } from "vitest";
import type { Mapped, Mapping } from "./mapping.ts";
import { mappingPolicy } from "./policy.ts";
import { createTransform, transformRecord } from "./transform.ts";

const policy = mappingPolicy({ connectorUuid: "da4b8361-2327-4bf1-af7d-2ce775bc9882" });

function mappingTo(mapped: Mapped | Promise<Mapped>): Mapping {
  return {
    map: () => mapped,
    originOf: (path) => (path === "os" ? { place: ["fields", "os"], path: "system.name" } : null),
  };
}

async function transformed(mapped: Mapped, text = "{}") {
  return await createTransform(policy, mappingTo(mapped))(text);
}

describe("the transform of a connector", () => {
  it("is the built-in one where there is no mapping", () => {
    const text = '{"id":"a","hostname":"h","serial":"s"}';
    expect(createTransform(policy)(text)).toEqual(transformRecord(text, policy));
  });

  it("sends what a mapping names, also where nobody asked for the undocumented field", async () => {
    const record = {
      id: "a",
      serial: "S1",
      mac: "02:00:5e:10:00:00",
      domain: "d",
      custom_attributes: { owner: "x", rack: 7, nothing: null, list: [1] },
    };
    expect(await transformed({ record })).toMatchObject({
      kind: "asset",
      asset: {
        identityAttributes: { serialNumber: "S1", macAddress: expect.any(String) },
        coreAttributes: { domain: "d", customConnectorAttributes: { owner: "x", rack: "7" } },
      },
    });
  });

  it("lets no other field be the key where a mapping names one that the record does not have", async () => {
    const record = { id: null, serial: "S1" };
    expect(await transformed({ record })).toMatchObject({ kind: "dead", reason: "no-key" });
    expect(await transformed({ record: { serial: "S1" } })).toMatchObject({ key: "S1" });
    const named = mappingPolicy({ ...policy, keyFields: ["id", "serial"] });
    const chosen = createTransform(named, mappingTo({ record }));
    expect(await chosen("{}")).toMatchObject({ key: "S1" });
  });

  it("answers at once where its mapping does, and later where it promises", async () => {
    const mapped = { record: { id: "a" } };
    expect(createTransform(policy, mappingTo(mapped))("{}")).toMatchObject({ key: "a" });
    const promised = createTransform(policy, mappingTo(Promise.resolve(mapped)))("{}");
    expect(promised).toBeInstanceOf(Promise);
    expect(await promised).toMatchObject({ key: "a" });
  });

  it("names the places in record and mapping from which what can't be sent comes", async () => {
    expect(await transformed({ record: { id: "a", os: {} } })).toMatchObject({
      kind: "dead",
      key: "a",
      path: "system.name",
      place: ["fields", "os"],
    });
  });

  const failure = { path: "x", place: ["fields"], message: "Cannot map x" };
  it.for([
    ["os", { id: "a" }, "a"],
    ["id", { hostname: "h" }, null],
    ["os", {}, null],
  ] as const)("keeps the key beside a failing %s of %j", async ([field, record, key]) => {
    expect(await transformed({ record, failures: [{ ...failure, field }] })).toMatchObject({
      kind: "dead",
      key,
      reason: "schema",
      path: "x",
      message: "Cannot map x",
    });
  });

  it("tells everything that can't be mapped, what the mapping could not make first", async () => {
    const failures = ["fqdn", "serial"].map((field) => ({ ...failure, field, path: field }));
    const findings = [{ cve: "CVE-2021-1", severity: "9" }, { severity: "odd" }];
    const record = { id: "a", os: {}, vulnerabilities: findings };
    const told = await transformed({ record, failures });
    expect(told).toMatchObject({ kind: "dead", reason: "schema", key: "a", path: "fqdn" });
    expect(told.kind === "dead" && told.others?.map(({ path }) => path)).toEqual([
      "serial",
      "system.name",
      "vulnerabilities[0].severity",
      "vulnerabilities[1].severity",
    ]);
    expect(await transformed({ record: { id: "a", os: {} } })).not.toHaveProperty("others");
  });

  it("tells twenty of a thousand at the most", async () => {
    const findings = Array.from({ length: 1_000 }, () => ({ cve: "CVE-2021-1", severity: "9" }));
    const told = await transformed({ record: { id: "a", vulnerabilities: findings } });
    expect(told.kind === "dead" && told.others).toHaveLength(19);
  });

  it("maps nothing that is not a record, and nothing out of bounds", async () => {
    const mapped = { record: { id: "a", os: "x".repeat(4_000_001) } };
    expect(await transformed(mapped, "[]")).toMatchObject({ kind: "dead", reason: "malformed" });
    expect(await transformed(mapped)).toMatchObject({
      kind: "dead",
      reason: "too-large",
      key: "a",
    });
  });
});
