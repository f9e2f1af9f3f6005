import {
  IdentityLint,
  importPayload,
  LINT_RULES,
  mappingPolicy,
  transformRaw,
  type LintCode,
} from "@sluice/inventory";
import { startSandbox, type Connector } from "@sluice/sandbox";
import { describe, expect, it } from "vitest";

const CONNECTOR = "da4b8361-2327-4bf1-af7d-2ce775bc9882";
const BOARD = "03000200-0400-0500-0006-000700080009";
const MACHINE = "4c4c4544-0051-3410-8057-b7c04f4d3732";

/**
 * Two records that the lint complains of, and how many assets the local CSAM makes of them: with a rule on the attributes
 * that the finding names, and with none.
 */
interface Case {
  code: LintCode;
  records: [object, object];
  withRule: number;
  withoutRule: number;
}

const CASES: readonly Case[] = [
  {
    code: "shared-key",
    records: [
      { id: "7", hostname: "web" },
      { id: "7", hostname: "db" },
    ],
    withRule: 1,
    withoutRule: 1,
  },
  {
    code: "placeholder-key",
    records: [
      { hostname: "localhost", ip: "10.0.0.1" },
      { hostname: "localhost", ip: "10.0.0.2" },
    ],
    withRule: 1,
    withoutRule: 1,
  },
  { code: "key-only", records: [{ id: "a" }, { id: "b" }], withRule: 2, withoutRule: 2 },
  ...pairs("shared-uuid", "uuid", MACHINE),
  ...pairs("null-uuid", "uuid", BOARD),
  ...pairs("shared-serial", "serial", "5CD1234XYZ"),
  ...pairs("placeholder-serial", "serial", "System Serial Number"),
  ...pairs("shared-mac", "mac", "E4:CE:8F:49:0D:7C"),
  ...pairs("null-mac", "mac", "01:00:5E:00:00:01"),
  ...pairs("virtual-mac", "mac", "02:42:AC:11:00:02"),
  {
    code: "random-mac",
    records: [
      { id: "a", mac: "DA:A1:19:00:00:01" },
      { id: "b", mac: "DA:A1:19:7B:33:02" },
    ],
    withRule: 2,
    withoutRule: 2,
  },
  {
    code: "shared-host-and-address",
    records: [
      { id: "a", hostname: "web", ip: "10.0.0.1" },
      { id: "b", hostname: "web", ip: "10.0.0.1" },
    ],
    withRule: 1,
    withoutRule: 2,
  },
  ...pairs("shared-host-name", "hostname", "web"),
  ...pairs("default-host-name", "hostname", "raspberrypi"),
  ...pairs("address-host-name", "hostname", "ip-10-0-0-5"),
  ...pairs("shared-address", "ip", "10.0.0.1"),
  ...pairs("unroutable-address", "ip", "169.254.7.7"),
];

/** Two assets that have one value in common: strangers, who become one asset by a rule on it. */
function pairs(code: LintCode, field: string, value: string): Case[] {
  const records: Case["records"] = [
    { id: "a", [field]: value },
    { id: "b", [field]: value },
  ];
  return [{ code, records, withRule: 1, withoutRule: 2 }];
}

const POLICY = mappingPolicy({
  connectorUuid: CONNECTOR,
  keyFields: ["id", "hostname"],
  optionalFields: ["identityAttributes.macAddress", "identityAttributes.serialNumber"],
});

function assetsOf(records: readonly object[]) {
  return records.map((record) => {
    const transformed = transformRaw(record, POLICY);
    if (transformed.kind === "dead") throw new Error(transformed.message);
    return transformed;
  });
}

type Identification = NonNullable<Connector["identification"]>;
type Attributes = Identification["rules"][number]["attributes"];

/** How many assets the local CSAM has when these were pushed to a connector with one rule, or none. */
async function inventoried(
  records: readonly object[],
  attributes: readonly string[],
  createUnmanagedAsset = true,
): Promise<number> {
  const names = attributes as Attributes;
  const rules = names.length > 0 ? [{ name: "rule", attributes: names, required: true }] : [];
  const identification = { rules, createUnmanagedAsset, applyDefaultRule: true };
  const connector = { uuid: CONNECTOR, name: "lint", enabled: true, identification };
  await using sandbox = await startSandbox({ connectors: [connector] });
  const { url, username, password } = sandbox;
  const form = new URLSearchParams({ username, password, token: "true" });
  const signIn = await fetch(`${url}/auth`, { method: "POST", body: form });
  const assets = assetsOf(records).map(({ body }) => Buffer.from(body));
  const metaData = { requestId: "lint", source: "WEBHOOK", connectorUuid: CONNECTOR };
  const answer = await fetch(`${url}/rest/2.0/am/connector/asset/data/sync`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${await signIn.text()}`,
      "Content-Type": "application/json",
    },
    body: Uint8Array.from(importPayload({ ...metaData, assets })),
  });
  expect(answer.status, await answer.text()).toBe(200);
  return sandbox.count();
}

function lint(records: readonly object[]) {
  const lint = new IdentityLint();
  for (const [index, asset] of assetsOf(records).entries()) {
    lint.look(asset, { source: "pair.ndjson", line: index + 1 });
  }
  return lint.findings();
}

describe("what the identity lint says of matching", () => {
  it("is tried for each of its rules", () => {
    expect(CASES.map(({ code }) => code).sort()).toEqual(Object.keys(LINT_RULES).sort());
  });

  it.for(CASES)("$code: the local CSAM does it", async ({ code, records, ...assets }) => {
    const finding = lint(records).find((found) => found.code === code);
    expect(finding).toMatchObject({ level: LINT_RULES[code].severity, records: 2 });
    expect(finding?.examples[0]?.places[0]).toEqual({ source: "pair.ndjson", line: 1 });
    const rule = LINT_RULES[code].attributes.filter((name) => name !== "sourceNativeKey");
    expect(await inventoried(records, rule)).toBe(assets.withRule);
    expect(await inventoried(records, [])).toBe(assets.withoutRule);
  });

  it("key-only: dropped where the connector does not create unmanaged assets, whatever its rule", async () => {
    const records = [{ id: "a" }, { id: "b" }];
    expect(await inventoried(records, ["hardwareUuid"], false)).toBe(0);
    expect(await inventoried(records, ["netBiosName", "ipAddress"], false)).toBe(0);
  });

  it("of assets that can be told apart there is nothing to say, and they stay two", async () => {
    const records = [
      { id: "a", hostname: "web", ip: "10.0.0.1", serial: "5CD1", mac: "E4:CE:8F:49:0D:7C" },
      { id: "b", hostname: "db", ip: "10.0.0.2", serial: "5CD2", mac: "E4:CE:8F:49:0D:7D" },
    ];
    expect(lint(records)).toEqual([]);
    const attributes = ["hardwareUuid", "serialNumber", "macAddress", "netBiosName", "ipAddress"];
    for (const attribute of attributes) expect(await inventoried(records, [attribute])).toBe(2);
  });
});
