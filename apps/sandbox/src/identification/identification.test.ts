import { describe, expect, it } from "vitest";
import {
  assetOf,
  createTestInventory,
  identificationOf,
  ruleOf,
  type TestInventory,
} from "../inventory/test-inventory.ts";
import { readLog, type LogEntry } from "./log.ts";
import type { Identification, IdentificationRule } from "./rules.ts";

const off = (rule: IdentificationRule): IdentificationRule => ({ ...rule, required: false });

/**
 * What another connector has pushed before, as assets 1, 2, 3, ... at the times 1, 2, 3, ...; what the connector under test
 * pushes then; and what becomes of it: `merged` into an asset, `created`, or `dropped`.
 */
interface Case {
  title: string;
  known: readonly object[];
  pushed: object;
  rules: readonly IdentificationRule[];
  options?: Partial<Identification>;
  mandatory?: true;
  outcome: "created" | "dropped" | `merged ${number}`;
  tried: readonly string[];
}

const cases: readonly Case[] = [
  {
    title: "without rules, only the native key counts",
    known: [{ hostName: "a" }],
    pushed: { hostName: "a" },
    rules: [],
    outcome: "created",
    tried: ["none"],
  },
  {
    title: "a rule that is not selected is not tried",
    known: [{ hostName: "a" }],
    pushed: { hostName: "a" },
    rules: [off(ruleOf("hostName"))],
    outcome: "created",
    tried: ["none"],
  },
  {
    title: "a rule of one attribute matches",
    known: [{ hostName: "a" }, { hostName: "b" }],
    pushed: { hostName: "b" },
    rules: [ruleOf("hostName")],
    outcome: "merged 2",
    tried: ["none", "one"],
  },
  {
    title: "case, dots at the end and separators tell no hosts apart",
    known: [{ fqdn: "Web.Example.com", macAddress: "00:1A:2B:3C:4D:5E" }],
    pushed: { fqdn: "web.example.COM.", macAddress: "001a.2b3c.4d5e" },
    rules: [ruleOf("fqdn", "macAddress")],
    outcome: "merged 1",
    tried: ["none", "one"],
  },
  {
    title: "an IPv6 address is compared in its short form",
    known: [{ ipAddress: ["2001:db8:0:0:0:0:0:1"] }],
    pushed: { ipAddress: ["2001:DB8::1"] },
    rules: [ruleOf("ipAddress")],
    outcome: "merged 1",
    tried: ["none", "one"],
  },
  {
    title: "one common address of several is enough",
    known: [{ ipAddress: ["10.0.0.1", "10.0.0.2"] }],
    pushed: { ipAddress: ["10.0.0.3", "10.0.0.2"] },
    rules: [ruleOf("ipAddress")],
    outcome: "merged 1",
    tried: ["none", "one"],
  },
  {
    title: "a MAC address may be a list, too",
    known: [{ macAddress: ["001122334455", "001122334466"] }],
    pushed: { macAddress: "00-11-22-33-44-66" },
    rules: [ruleOf("macAddress")],
    outcome: "merged 1",
    tried: ["none", "one"],
  },
  {
    title: "all attributes of a rule must match",
    known: [{ hostName: "a", ipAddress: ["10.0.0.1"] }],
    pushed: { hostName: "a", ipAddress: ["10.0.0.2"] },
    rules: [ruleOf("hostName", "ipAddress")],
    outcome: "created",
    tried: ["none", "none"],
  },
  {
    title: "all attributes must match the same asset",
    known: [
      { hostName: "a", ipAddress: ["10.0.0.1"] },
      { hostName: "b", ipAddress: ["10.0.0.2"] },
    ],
    pushed: { hostName: "a", ipAddress: ["10.0.0.2"] },
    rules: [ruleOf("hostName", "ipAddress")],
    outcome: "created",
    tried: ["none", "none"],
  },
  {
    title: "two of three attributes are not enough",
    known: [
      { hostName: "a", netBiosName: "A", ipAddress: ["10.0.0.1"] },
      { ipAddress: ["10.0.0.2"] },
    ],
    pushed: { hostName: "a", netBiosName: "A", ipAddress: ["10.0.0.2"] },
    rules: [ruleOf("hostName", "netBiosName", "ipAddress")],
    outcome: "created",
    tried: ["none", "none"],
  },
  {
    title:
      "of a value that very many share, the rarer one of the rule finds the asset all the same",
    known: Array.from({ length: 150 }, (_, index) => ({
      hostName: `h${index}`,
      ipAddress: ["10.0.0.1"],
    })),
    pushed: { hostName: "h3", ipAddress: ["10.0.0.1"] },
    rules: [ruleOf("ipAddress", "hostName")],
    outcome: "merged 4",
    tried: ["none", "one"],
  },
  {
    title: "a set of attributes finds the one among hosts of the same name",
    known: [
      { hostName: "a", ipAddress: ["10.0.0.1"] },
      { hostName: "a", ipAddress: ["10.0.0.2"] },
    ],
    pushed: { hostName: "a", ipAddress: ["10.0.0.1"] },
    rules: [ruleOf("hostName", "ipAddress")],
    outcome: "merged 1",
    tried: ["none", "one"],
  },
  {
    title: "a rule whose attribute the asset lacks is passed over",
    known: [{ serialNumber: "S1", hostName: "a" }],
    pushed: { hostName: "a", serialNumber: null },
    rules: [ruleOf("serialNumber"), ruleOf("hostName")],
    outcome: "merged 1",
    tried: ["none", "no-value", "one"],
  },
  {
    title: "the order of the rules decides between two assets",
    known: [{ serialNumber: "S1" }, { hostName: "a" }],
    pushed: { hostName: "a", serialNumber: "s1" },
    rules: [ruleOf("serialNumber"), ruleOf("hostName")],
    outcome: "merged 1",
    tried: ["none", "one"],
  },
  {
    title: "the other order decides for the other one",
    known: [{ serialNumber: "S1" }, { hostName: "a" }],
    pushed: { hostName: "a", serialNumber: "s1" },
    rules: [ruleOf("hostName"), ruleOf("serialNumber")],
    outcome: "merged 2",
    tried: ["none", "one"],
  },
  {
    title: "several matches ask the next rule",
    known: [{ hostName: "a" }, { hostName: "a", serialNumber: "S1" }],
    pushed: { hostName: "a", serialNumber: "S1" },
    rules: [ruleOf("hostName"), ruleOf("serialNumber")],
    outcome: "merged 2",
    tried: ["none", "several", "one"],
  },
  {
    title: "of several matches of the last rule, the default rule takes the one updated last",
    known: [{ hostName: "a" }, { hostName: "a" }],
    pushed: { hostName: "a" },
    rules: [ruleOf("hostName")],
    outcome: "merged 2",
    tried: ["none", "several"],
  },
  {
    title: "without the default rule, several matches are none",
    known: [{ hostName: "a" }, { hostName: "a" }],
    pushed: { hostName: "a" },
    rules: [ruleOf("hostName")],
    options: { applyDefaultRule: false },
    outcome: "created",
    tried: ["none", "several"],
  },
  {
    title: "several matches of a rule that is not the last do not count",
    known: [{ hostName: "a" }, { hostName: "a" }],
    pushed: { hostName: "a", serialNumber: "S9" },
    rules: [ruleOf("hostName"), ruleOf("serialNumber")],
    outcome: "created",
    tried: ["none", "several", "none"],
  },
  {
    title: "what matches nothing is dropped where unmanaged assets are not created",
    known: [{ hostName: "a" }],
    pushed: { hostName: "b" },
    rules: [ruleOf("hostName")],
    options: { createUnmanagedAsset: false },
    outcome: "dropped",
    tried: ["none", "none"],
  },
  {
    title: "what matches several is dropped where neither choosing nor creating is allowed",
    known: [{ hostName: "a" }, { hostName: "a" }],
    pushed: { hostName: "a" },
    rules: [ruleOf("hostName")],
    options: { createUnmanagedAsset: false, applyDefaultRule: false },
    outcome: "dropped",
    tried: ["none", "several"],
  },
  {
    title: "the asset's own id matches",
    known: [{ hostName: "a" }, { hostName: "b" }],
    pushed: { qualysAssetId: 2 },
    rules: [ruleOf("qualysAssetId")],
    outcome: "merged 2",
    tried: ["none", "one"],
  },
  {
    title: "the asset's own id and another attribute must fit together",
    known: [{ hostName: "a" }, { hostName: "b" }],
    pushed: { qualysAssetId: 2, hostName: "a" },
    rules: [ruleOf("qualysAssetId", "hostName")],
    outcome: "created",
    tried: ["none", "none"],
  },
  {
    title: "where Required means mandatory, an asset without its attribute is dropped",
    known: [{ hostName: "a" }],
    pushed: { hostName: "a" },
    rules: [ruleOf("serialNumber"), off(ruleOf("hostName"))],
    mandatory: true,
    outcome: "dropped",
    tried: ["none", "no-value"],
  },
  {
    title: "where Required means mandatory, the other rules are tried, too",
    known: [{ hostName: "a" }],
    pushed: { hostName: "a", serialNumber: "S1" },
    rules: [ruleOf("serialNumber"), off(ruleOf("hostName"))],
    mandatory: true,
    outcome: "merged 1",
    tried: ["none", "none", "one"],
  },
];

function pushKnown(place: TestInventory, known: readonly object[]): void {
  const before = place.connector("before");
  for (const [index, identity] of known.entries()) {
    place.push(before, assetOf(`known-${index}`, identity), index + 1);
  }
}

/** The one entry of the log of what `under test` pushed last, wherever it went. */
function lastEntry({ inventory, connectors }: TestInventory, key: string): LogEntry | undefined {
  const connector = connectors.all.find(({ name }) => name === "under test");
  const record = inventory.records.find(connector?.id ?? 0, key);
  if (record !== undefined) return readLog(record.log).at(-1);
  const [dropped] = inventory.dropped.before(Infinity, null, 1);
  return dropped && (JSON.parse(dropped.entry) as LogEntry);
}

describe("identification", () => {
  it.for(cases)("$title", (one) => {
    const place = createTestInventory({ requiredMeans: one.mandatory ? "mandatory" : "selected" });
    pushKnown(place, one.known);
    const identification = identificationOf(one.rules, one.options);
    const connector = place.connector("under test", { identification });
    place.push(connector, assetOf("new", one.pushed), 10);
    const entry = lastEntry(place, "new");
    const { outcome, assetId } = entry ?? {};
    expect(outcome === "merged" ? `merged ${assetId}` : outcome).toBe(one.outcome);
    expect(entry?.tried.map(({ result }) => result)).toEqual(one.tried);
    const created = one.outcome === "created" ? 1 : 0;
    expect(place.inventory.assetCount).toBe(one.known.length + created);
    expect(place.inventory.dropped.count).toBe(one.outcome === "dropped" ? 1 : 0);
  });

  it("takes the more trusted of two assets that were updated at the same time", () => {
    const place = createTestInventory();
    const sources = [20, 80, 50].map((trust) => place.connector(`trust ${trust}`, { trust }));
    for (const source of sources) place.push(source, assetOf("k", { hostName: "a" }), 5);
    const identification = identificationOf([ruleOf("hostName")]);
    const connector = place.connector("under test", { identification });
    place.push(connector, assetOf("new", { hostName: "a" }), 6);
    expect(lastEntry(place, "new")).toMatchObject({
      outcome: "merged",
      assetId: 2,
      reason: expect.stringContaining("updated last or has the more trusted source"),
      tried: [{}, { rule: "hostName", result: "several", assetIds: [3, 2, 1] }],
    });
  });

  it("knows a record by its native key from then on, whatever its other attributes become", () => {
    const place = createTestInventory();
    const identification = identificationOf([ruleOf("hostName")]);
    const connector = place.connector("under test", { identification });
    place.push(connector, assetOf("k", { hostName: "a" }), 1);
    place.push(connector, assetOf("other", { hostName: "b" }), 2);
    place.push(connector, assetOf("k", { hostName: "b" }), 3);
    expect(lastEntry(place, "k")).toEqual({
      atMs: 3,
      requestId: "r",
      outcome: "merged",
      assetId: 1,
      reason: "The source native key is that of a record of asset 1",
      tried: [{ rule: "Source native key", result: "one", assetIds: [1] }],
    });
  });

  it("forgets the values that a record had before", () => {
    const place = createTestInventory();
    const identification = identificationOf([ruleOf("hostName")]);
    const connector = place.connector("under test", { identification });
    place.push(connector, assetOf("k", { hostName: "a" }), 1);
    place.push(connector, assetOf("k", { hostName: "b" }), 2);
    place.push(connector, assetOf("new", { hostName: "a" }), 3);
    expect(lastEntry(place, "new")).toMatchObject({ outcome: "created", assetId: 2 });
  });

  it("finds what was there before its rule", () => {
    const place = createTestInventory();
    pushKnown(place, [{ serialNumber: "S1" }, { serialNumber: "S2" }]);
    const connector = place.connector("under test");
    place.push(connector, assetOf("first", { serialNumber: "S2" }), 5);
    const selected = place.connectors.identifyBy(
      connector,
      identificationOf([ruleOf("serialNumber")]),
    );
    place.inventory.indexForRules("selected");
    place.push(selected, assetOf("second", { serialNumber: "s1" }), 6);
    expect(lastEntry(place, "first")).toMatchObject({ outcome: "created", assetId: 3 });
    expect(lastEntry(place, "second")).toMatchObject({ outcome: "merged", assetId: 1 });
  });

  it("keeps the last 20 entries of a record", () => {
    const place = createTestInventory();
    const connector = place.connector("under test");
    for (let time = 1; time <= 30; time += 1) {
      place.push(connector, assetOf("k", { hostName: `h${time}` }), time);
    }
    const record = place.inventory.records.find(connector.id, "k");
    const times = readLog(record?.log ?? "[]").map(({ atMs }) => atMs);
    expect(times).toEqual(Array.from({ length: 20 }, (_, index) => index + 11));
  });
});
