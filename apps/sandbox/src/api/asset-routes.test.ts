import { describe, expect, it } from "vitest";
import { identificationOf, ruleOf } from "../inventory/test-inventory.ts";
import { startSandbox, type Sandbox } from "../sandbox.ts";
import { ask, connect, type TestClient } from "../test-client.ts";

const byFqdn = identificationOf([ruleOf("fqdn")]);
const connectors = [
  { uuid: "cmdb", name: "CMDB", enabled: true, identification: byFqdn },
  { uuid: "scanner", name: "Scanner", enabled: true, identification: byFqdn },
];

interface Pushed {
  connector?: string;
  source?: string;
  key: string;
  fqdn?: string;
  name?: string;
  os?: string;
  address?: string;
  severity?: number;
}

async function push(client: TestClient, ...assets: readonly Pushed[]): Promise<void> {
  for (const asset of assets) {
    const {
      connector = "cmdb",
      source = "WEBHOOK",
      key,
      fqdn,
      name,
      os,
      address,
      severity,
    } = asset;
    const response = await client.import({
      connectorMetaData: { requestId: `r-${key}`, source, connectorUuid: connector },
      assetData: [
        {
          identityAttributes: { sourceNativeKey: key, hostName: name, fqdn },
          coreAttributes: { operatingSystem: os, address },
          findings: severity === undefined ? [] : [{ id: "CVE-1", severity }],
        },
      ],
    });
    expect(response.status).toBe(200);
  }
}

async function listed(sandbox: Sandbox, query: string) {
  const { json } = await ask(sandbox, "GET", `assets?${query}`);
  return (json["assets"] as { id: number }[]).map(({ id }) => id);
}

describe("the unified inventory", () => {
  it("shows two sources of one host as one asset, with everything that is known of it", async () => {
    let nowMs = 1_000_000;
    await using sandbox = await startSandbox({ connectors, nowMs: () => nowMs });
    const client = await connect(sandbox);
    await push(client, { key: "c1", name: "Web", fqdn: "web.example.com", os: "Debian" });
    nowMs += 10;
    const scanned = { connector: "scanner", source: "SCAN", key: "s9", severity: 4 };
    await push(client, { ...scanned, fqdn: "WEB.example.com", address: "10.0.0.1" });
    expect(sandbox.count()).toBe(1);
    const { json } = await ask(sandbox, "GET", "assets/1");
    expect(json).toEqual({
      id: 1,
      name: "Web",
      address: "10.0.0.1",
      operatingSystem: "Debian",
      severity: 4,
      sources: ["WEBHOOK", "SCAN"],
      connectors: ["cmdb", "scanner"],
      createdAtMs: 1_000_000,
      updatedAtMs: 1_000_010,
      attributes: {
        identityAttributes: { sourceNativeKey: "s9", hostName: "Web", fqdn: "WEB.example.com" },
        coreAttributes: { operatingSystem: "Debian", address: "10.0.0.1" },
      },
      softwares: [],
      ports: [],
      findings: [{ id: "CVE-1", severity: 4, connectors: ["scanner"] }],
      records: [
        {
          connectorUuid: "cmdb",
          connectorName: "CMDB",
          sourceNativeKey: "c1",
          source: "WEBHOOK",
          createdAtMs: 1_000_000,
          updatedAtMs: 1_000_000,
          received: expect.objectContaining({ coreAttributes: { operatingSystem: "Debian" } }),
        },
        expect.objectContaining({ connectorUuid: "scanner", sourceNativeKey: "s9" }),
      ],
      identificationLog: [
        {
          atMs: 1_000_000,
          connectorUuid: "cmdb",
          sourceNativeKey: "c1",
          requestId: "r-c1",
          outcome: "created",
          assetId: 1,
          reason: "No rule matches: a new unmanaged asset",
          tried: [
            { rule: "Source native key", result: "none", assetIds: [] },
            { rule: "fqdn", result: "none", assetIds: [] },
          ],
        },
        {
          atMs: 1_000_010,
          connectorUuid: "scanner",
          sourceNativeKey: "s9",
          requestId: "r-s9",
          outcome: "merged",
          assetId: 1,
          reason: 'The rule "fqdn" matches asset 1',
          tried: [
            { rule: "Source native key", result: "none", assetIds: [] },
            { rule: "fqdn", result: "one", assetIds: [1] },
          ],
        },
      ],
    });
  });

  it.for([
    ["", [5, 4, 3, 2, 1]],
    ["order=oldest", [1, 2, 3, 4, 5]],
    ["search=EB", [3, 2, 1]],
    ["search=10.0", [5, 1]],
    ["search=k3", [3]],
    ["search=k", []],
    ["name=web", [2, 1]],
    ["name=we_", []],
    ["name=100%25", [4]],
    ["address=10.0.0", [5, 1]],
    ["os=debian", [3, 1]],
    ["source=sno", [2]],
    ["connector=scanner", [5, 4]],
    ["connector=SCANNER&severity=3", [4]],
    ["severity=3", [4, 2]],
    ["severity=5", [2]],
    ["connector=nobody", []],
  ] as const)("can be filtered by %s", async ([query, ids]) => {
    await using sandbox = await startSandbox({ connectors });
    await push(
      await connect(sandbox),
      { key: "k1", name: "web-1", address: "10.0.0.1", os: "Debian 13", severity: 2 },
      { key: "k2", name: "WEB-2", severity: 5, source: "SNOW" },
      { key: "k3", os: "Debian 12" },
      { key: "k4", name: "at 100%", connector: "scanner", severity: 3 },
      { key: "k5", address: "10.0.0.5", connector: "scanner" },
    );
    expect(await listed(sandbox, query)).toEqual(ids);
    const { json } = await ask(sandbox, "GET", `assets/count?${query}`);
    expect(json).toEqual({ count: ids.length });
  });

  it.for(["newest", "oldest"])("is paged from either end: %s first", async (order) => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    await client.importKeys("a", "b", "c", "d", "e");
    const pages: unknown[][] = [];
    for (let after = "", more = true; more && pages.length < 5;) {
      const { json } = await ask(sandbox, "GET", `assets?limit=2&order=${order}${after}`);
      pages.push((json["assets"] as { id: number }[]).map(({ id }) => id));
      more = json["next"] !== null;
      after = `&after=${String(json["next"])}`;
    }
    const ids = order === "oldest" ? [[1, 2], [3, 4], [5]] : [[5, 4], [3, 2], [1]];
    expect(pages).toEqual(ids);
  });

  it("tells what was dropped, and why, of one connector or of all", async () => {
    const picky = { ...byFqdn, createUnmanagedAsset: false };
    const two = connectors.map((connector) => ({ ...connector, identification: picky }));
    await using sandbox = await startSandbox({ connectors: two });
    const client = await connect(sandbox);
    await push(client, { key: "a" }, { key: "b", connector: "scanner", fqdn: "b.example.com" });
    await push(client, { key: "c" });
    const { json } = await ask(sandbox, "GET", "dropped?limit=2");
    expect(json["dropped"]).toMatchObject([
      { connectorUuid: "cmdb", sourceNativeKey: "c", tried: [{}, { result: "no-value" }] },
      {
        connectorUuid: "scanner",
        sourceNativeKey: "b",
        outcome: "dropped",
        assetId: null,
        reason: "No rule matches, and unmanaged assets are not created",
        tried: [{}, { rule: "fqdn", result: "none" }],
      },
    ]);
    const rest = await ask(sandbox, "GET", `dropped?limit=2&after=${String(json["next"])}`);
    expect(rest.json).toMatchObject({ dropped: [{ sourceNativeKey: "a" }], next: null });
    const one = await ask(sandbox, "GET", "dropped?connector=scanner");
    expect(one.json).toMatchObject({ dropped: [{ sourceNativeKey: "b" }], next: null });
    expect((await ask(sandbox, "GET", "connectors/cmdb")).json).toMatchObject({
      counts: { records: 0, calls: 2, dropped: 2 },
    });
    expect(sandbox.count()).toBe(0);
  });

  it.for([
    ["assets?limit=301", 400, "limit: "],
    ["assets?severity=6", 400, "severity: "],
    ["assets?order=random", 400, "order: "],
    ["assets/7", 404, 'No asset has the id "7"'],
    ["assets/seven", 404, 'No asset has the id "seven"'],
    ["dropped?connector=nobody", 404, "No connector"],
  ] as const)("refuses %s", async ([path, status, message]) => {
    await using sandbox = await startSandbox();
    expect(await ask(sandbox, "GET", path)).toEqual({
      status,
      json: { responseCode: "FAILED", message: expect.stringContaining(message) },
    });
  });
});
