import { describe, expect, it } from "vitest";
import { mergeParts } from "./merge.ts";
import {
  assetOf,
  createTestInventory,
  identificationOf,
  ruleOf,
  type TestInventory,
} from "./test-inventory.ts";

const byName = { identification: identificationOf([ruleOf("hostName")]) };
const cve = (id: string, status: string | null = "ACTIVE", severity = 3) => ({
  id,
  severity,
  port: 22,
  protocol: "TCP",
  findingStatus: status,
});

function merged({ inventory }: TestInventory, assetId = 1) {
  return mergeParts(inventory.partsOf(assetId));
}

describe("an inventory", () => {
  it("numbers its assets in the order of their creation", () => {
    const { inventory, connector, push } = createTestInventory();
    const source = connector("source");
    for (const key of ["a", "b", "a", "c"]) push(source, assetOf(key));
    const known = [...inventory.records.all()].map(({ asset_id: id, native_key: key }) => [
      id,
      key,
    ]);
    expect(known).toEqual([
      [1, "a"],
      [2, "b"],
      [3, "c"],
    ]);
    expect([inventory.assetCount, inventory.recordCount]).toEqual([3, 3]);
  });

  it("says when it has no room for more", () => {
    const { inventory, connector, push } = createTestInventory();
    push(connector("source"), assetOf("a"));
    expect([inventory.hasRoomFor(999), inventory.hasRoomFor(1_000)]).toEqual([true, false]);
  });

  it("sums an asset up by the first attributes that it has, and its worst open finding", () => {
    const { inventory, connector, push } = createTestInventory();
    const identity = { netBiosName: "N", ipAddress: ["10.0.0.1"] };
    const core = { operatingSystem: "Linux", hostName: null };
    const findings = [cve("CVE-1", "ACTIVE", 2), cve("CVE-2", "FIXED", 5), cve("CVE-3", null, 3)];
    push(connector("s"), assetOf("a", identity, { coreAttributes: core, findings }));
    expect(inventory.assets.find(1)).toMatchObject({
      name: "N",
      address: "10.0.0.1",
      operating_system: "Linux",
      severity: 3,
    });
  });

  it("changes nothing when the same asset comes again", () => {
    const { inventory, connector, push } = createTestInventory();
    const source = connector("source");
    push(source, assetOf("a", { hostName: "h" }), 1);
    const before = inventory.records.find(source.id, "a");
    push(source, assetOf("a", { hostName: "h" }), 2);
    expect(inventory.records.find(source.id, "a")).toEqual(before);
  });

  it("imports all of a delivery or, when it cannot, nothing", () => {
    const { inventory, connector, push } = createTestInventory();
    const source = connector("source");
    push(source, assetOf("a"));
    const broken = { identityAttributes: { sourceNativeKey: null as unknown as string } };
    const assets = [assetOf("b"), broken].map((asset) => ({ asset, received: "{}" }));
    const delivery = { connector: source, requestId: null, source: null, assets };
    const policy = { absentItems: "remove", absentFindings: "keep" } as const;
    expect(() => inventory.import(delivery, 2, { ...policy, requiredMeans: "selected" })).toThrow(
      "NOT NULL",
    );
    expect([inventory.assetCount, inventory.recordCount]).toEqual([1, 1]);
    push(source, assetOf("c"));
    expect(inventory.records.find(source.id, "c")?.asset_id).toBe(2);
  });
});

describe("an asset of two sources", () => {
  it("has the attributes of both, those of the more trusted source first, and all their addresses", () => {
    const place = createTestInventory();
    const weak = place.connector("weak", { ...byName, trust: 10 });
    const strong = place.connector("strong", { ...byName, trust: 90 });
    const identity = { hostName: "a", ipAddress: ["10.0.0.1"], serialNumber: "S1" };
    place.push(strong, assetOf("s", identity, { coreAttributes: { operatingSystem: "Debian" } }));
    const other = { hostName: "A", ipAddress: ["10.0.0.2"], fqdn: "a.example.com" };
    const core = { operatingSystem: "Linux", lastLoggedOnUser: "root", domain: null };
    place.push(weak, assetOf("w", other, { coreAttributes: core }), 2);
    expect(merged(place).attributes).toEqual({
      identityAttributes: {
        sourceNativeKey: "s",
        hostName: "a",
        ipAddress: ["10.0.0.2", "10.0.0.1"],
        serialNumber: "S1",
        fqdn: "a.example.com",
      },
      coreAttributes: { operatingSystem: "Debian", lastLoggedOnUser: "root" },
    });
    expect(place.inventory.assets.find(1)).toMatchObject({
      operating_system: "Debian",
      records: 2,
    });
  });

  it("has the software, ports and findings of both, each once, with its sources", () => {
    const place = createTestInventory();
    const one = place.connector("one", byName);
    const two = place.connector("two", byName);
    const core = (names: readonly string[], ports: readonly number[]) => ({
      softwares: names.map((name) => ({ name, version: "1" })),
      ports: ports.map((port) => ({ port, protocol: "TCP" })),
    });
    const first = { coreAttributes: core(["Python", "Apache"], [22]), findings: [cve("CVE-1")] };
    const second = { coreAttributes: core(["apache"], [22, 80]), findings: [cve("CVE-2")] };
    place.push(one, assetOf("1", { hostName: "a" }, first), 1);
    place.push(two, assetOf("2", { hostName: "a" }, second), 2);
    const { softwares, ports, findings } = merged(place);
    expect(softwares).toEqual([
      { name: "Python", version: "1", connectors: [one.uuid] },
      { name: "apache", version: "1", connectors: [one.uuid, two.uuid] },
    ]);
    expect(ports.map(({ port, connectors }) => [port, connectors])).toEqual([
      [22, [one.uuid, two.uuid]],
      [80, [two.uuid]],
    ]);
    expect(findings.map(({ id }) => id)).toEqual(["CVE-1", "CVE-2"]);
  });

  it("takes the status of a finding from the source that reported it last", () => {
    const place = createTestInventory();
    const one = place.connector("one", byName);
    const two = place.connector("two", byName);
    const push = (source: typeof one, status: string, nowMs: number) =>
      place.push(
        source,
        assetOf(source.name, { hostName: "a" }, { findings: [cve("CVE-1", status, 4)] }),
        nowMs,
      );
    push(one, "ACTIVE", 1);
    push(two, "FIXED", 2);
    expect(merged(place).findings[0]).toMatchObject({ findingStatus: "FIXED" });
    expect(place.inventory.assets.find(1)?.severity).toBe(0);
    push(one, "REOPENED", 3);
    expect(merged(place).findings[0]).toMatchObject({ findingStatus: "REOPENED" });
    expect(place.inventory.assets.find(1)?.severity).toBe(4);
  });
});

describe("what a later push of a record lacks", () => {
  const full = {
    coreAttributes: {
      softwares: [{ name: "Python" }, { name: "Apache" }],
      ports: [{ port: 22, protocol: "TCP" }],
    },
    findings: [cve("CVE-1"), cve("CVE-2", "ACTIVE", 5)],
  };
  const less = { coreAttributes: { softwares: [{ name: "Python" }] }, findings: [cve("CVE-1")] };

  it.for([
    ["remove", "remove", ["Python"], 0, [["CVE-1", "ACTIVE"]], 3],
    [
      "remove",
      "keep",
      ["Python"],
      0,
      [
        ["CVE-2", "ACTIVE"],
        ["CVE-1", "ACTIVE"],
      ],
      5,
    ],
    [
      "keep",
      "fix",
      ["Apache", "Python"],
      1,
      [
        ["CVE-2", "FIXED"],
        ["CVE-1", "ACTIVE"],
      ],
      3,
    ],
  ] as const)(
    "goes, stays or is fixed as the sandbox is told: items %s, findings %s",
    ([absentItems, absentFindings, softwares, ports, findings, severity]) => {
      const place = createTestInventory({ absentItems, absentFindings });
      const source = place.connector("source");
      place.push(source, assetOf("a", {}, full), 1);
      place.push(source, assetOf("a", {}, less), 2);
      const asset = merged(place);
      expect(asset.softwares.map(({ name }) => name)).toEqual(softwares);
      expect(asset.ports).toHaveLength(ports);
      expect(asset.findings.map(({ id, findingStatus }) => [id, findingStatus])).toEqual(findings);
      expect(place.inventory.assets.find(1)?.severity).toBe(severity);
    },
  );

  it("comes back in the words of the push that brings it again", () => {
    const place = createTestInventory({ absentFindings: "fix" });
    const source = place.connector("source");
    place.push(source, assetOf("a", {}, full), 1);
    place.push(source, assetOf("a", {}, less), 2);
    place.push(source, assetOf("a", {}, full), 3);
    expect(merged(place).findings.map(({ findingStatus }) => findingStatus)).toEqual([
      "ACTIVE",
      "ACTIVE",
    ]);
  });
});
