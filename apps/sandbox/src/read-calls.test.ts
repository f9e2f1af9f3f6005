import { describe, expect, it } from "vitest";
import { z } from "zod";
import { startSandbox, type Sandbox } from "./sandbox.ts";
import { connect, importBody, type TestClient } from "./test-client.ts";

const search = "/rest/2.0/search/am/asset";
const count = "/rest/2.0/count/am/asset";

const listed = z.object({
  count: z.int(),
  hasMore: z.literal([0, 1]),
  lastSeenAssetId: z.int(),
  assetListData: z.object({ asset: z.array(z.object({ sourceNativeKey: z.string() })) }),
});

async function withAssets(sandbox: Sandbox, keys: readonly string[]): Promise<TestClient> {
  sandbox.configure({ limit: 1000 });
  const client = await connect(sandbox);
  await client.importKeys(...keys);
  return client;
}

function withSoftware(...names: string[]) {
  return { coreAttributes: { softwares: names.map((name) => ({ name, version: "1" })) } };
}

function idsOf(page: unknown): number[] {
  const { assetListData } = page as { assetListData: { asset: { assetId: number }[] } };
  return assetListData.asset.map(({ assetId }) => assetId);
}

describe("reading the inventory", () => {
  it("pages through all assets by the last id seen", async () => {
    await using sandbox = await startSandbox();
    const keys = Array.from({ length: 250 }, (_, index) => `k${index}`);
    const client = await withAssets(sandbox, keys);
    const pages: z.infer<typeof listed>[] = [];
    for (let lastSeenAssetId = 0, more = true; more && pages.length < 10;) {
      const response = await client.post(`${search}?lastSeenAssetId=${lastSeenAssetId}`);
      const page = listed.parse(await response.json());
      pages.push(page);
      more = page.hasMore === 1;
      lastSeenAssetId = page.lastSeenAssetId;
    }
    expect(pages.map((page) => page.count)).toEqual([100, 100, 50]);
    expect(
      pages.flatMap((page) => page.assetListData.asset.map((asset) => asset.sourceNativeKey)),
    ).toEqual(keys);
  });

  it("has no further page when the last one is exactly full", async () => {
    await using sandbox = await startSandbox();
    const client = await withAssets(sandbox, ["a", "b"]);
    const response = await client.post(`${search}?pageSize=2`);
    expect(await response.json()).toMatchObject({ count: 2, hasMore: 0, lastSeenAssetId: 2 });
  });

  it("answers 204 without a body when nothing is found", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    for (const path of [search, "/rest/2.0/get/am/asset?assetId=1"]) {
      const response = await client.post(path);
      expect([response.status, await response.text()]).toEqual([204, ""]);
    }
  });

  it.each([
    [[{ field: "sourceNativeKey", operator: "EQUALS", value: "a" }], "AND", ["a"]],
    [[{ field: "sourceNativeKey", operator: "NOT_EQUALS", value: "a" }], "AND", ["b", "ab"]],
    [[{ field: "asset.name", operator: "CONTAINS", value: "-a" }], "AND", ["a", "ab"]],
    [[{ field: "sourceNativeKey", operator: "IN", value: ["b", "ab"] }], "AND", ["b", "ab"]],
    [[{ field: "sourceNativeKey", operator: "IN", value: "b,ab" }], "AND", ["b", "ab"]],
    [
      [
        { field: "asset.name", operator: "CONTAINS", value: "a" },
        { field: "asset.name", operator: "CONTAINS", value: "b" },
      ],
      "AND",
      ["ab"],
    ],
    [
      [
        { field: "address", operator: "EQUALS", value: "nowhere" },
        { field: "operatingSystem", operator: "EQUALS", value: "Windows 7" },
      ],
      "OR",
      ["a", "b", "ab"],
    ],
  ])(
    "finds and counts what the filters %j joined by %s describe",
    async (filters, operation, keys) => {
      await using sandbox = await startSandbox();
      const client = await withAssets(sandbox, ["a", "b", "ab"]);
      const found = listed.parse(await (await client.post(search, { filters, operation })).json());
      expect(found.assetListData.asset.map((asset) => asset.sourceNativeKey)).toEqual(keys);
      const counted = await client.post(count, { filters, operation });
      expect(await counted.json()).toMatchObject({ responseCode: "SUCCESS", count: keys.length });
    },
  );

  it.each([
    [[{ field: "asset.id", operator: "GREATER", value: 2 }], [3, 4]],
    [[{ field: "asset.id", operator: "GREATER_THAN_EQUAL", value: "3" }], [3, 4]],
    [[{ field: "asset.id", operator: "LESSER", value: 2 }], [1]],
    [[{ field: "asset.id", operator: "LESS_THAN_EQUAL", value: 2 }], [1, 2]],
    [[{ field: "asset.id", operator: "IN", value: "1,4" }], [1, 4]],
    [[{ field: "asset.id", operator: "NOT_EQUALS", value: 1 }], [2, 3, 4]],
    [[{ field: "software.product", operator: "EQUALS", value: "Python" }], [1]],
    [[{ field: "software.product", operator: "CONTAINS", value: "pa" }], [2]],
    [[{ field: "software.product", operator: "IN", value: ["Python", "Apache"] }], [1, 2]],
    [[{ field: "asset.name", operator: "NOT_EQUALS", value: "one" }], [2, 3, 4]],
    [[{ field: "source", operator: "EQUALS", value: "SNOW" }], [4]],
    [[{ field: "connectorUuid", operator: "EQUALS", value: "two" }], [4]],
    [[{ field: "connectorUuid", operator: "NOT_EQUALS", value: "two" }], [1, 2, 3]],
    [[{ field: "tags.name", operator: "EQUALS", value: "Cloud" }], []],
    [[{ field: "operatingSystem.category1", operator: "NOT_EQUALS", value: "x" }], [1, 2, 3, 4]],
  ])("compares %j as its field asks", async (filters, ids) => {
    const connectors = ["one", "two"].map((uuid) => ({ uuid, name: uuid, enabled: true }));
    await using sandbox = await startSandbox({ connectors });
    const client = await connect(sandbox);
    const assets = [
      { identityAttributes: { sourceNativeKey: "a", hostName: "one" }, ...withSoftware("Python") },
      { identityAttributes: { sourceNativeKey: "b" }, ...withSoftware("Apache", "Tomcat") },
      { identityAttributes: { sourceNativeKey: "c" } },
    ];
    await client.import({ ...importBody("one", ["a", "b", "c"]), assetData: assets });
    const { connectorMetaData, assetData } = importBody("two", ["a"]);
    await client.import({
      connectorMetaData: { ...connectorMetaData, source: "SNOW" },
      assetData,
    });
    const response = await client.post(search, { filters });
    const found = response.status === 204 ? [] : idsOf(await response.json());
    expect(found).toEqual(ids);
  });

  it("gives the assets that were updated since a time", async () => {
    let nowMs = Date.parse("2026-03-01T00:00:00Z");
    await using sandbox = await startSandbox({ nowMs: () => nowMs });
    const client = await withAssets(sandbox, ["a"]);
    nowMs += 60_000;
    await client.importKeys("b");
    const since = async (time: string) => {
      const response = await client.post(`${search}?assetLastUpdated=${time}`);
      return response.status === 200 ? idsOf(await response.json()) : response.status;
    };
    expect(await since("2026-03-01T00:00:00Z")).toEqual([1, 2]);
    expect(await since("2026-03-01T00:01:00Z")).toEqual([2]);
    expect(await since("2026-03-01T00:01:01Z")).toBe(204);
    expect(await since("yesterday")).toBe(400);
  });

  it("shows the fields that are asked for, and the others as null", async () => {
    await using sandbox = await startSandbox();
    const client = await withAssets(sandbox, ["a"]);
    const fields = async (query: string) => {
      const body = await (await client.post(`${search}?${query}`)).json();
      const { assetListData } = body as { assetListData: { asset: object[] } };
      const values = Object.entries(assetListData.asset[0] ?? {});
      expect(values.length).toBeGreaterThan(20);
      return values.filter(([, value]) => value !== null).map(([name]) => name);
    };
    expect(await fields("includeFields=assetName,address")).toEqual([
      "assetId",
      "assetName",
      "address",
    ]);
    expect(await fields("excludeFields=received,address")).not.toContain("received");
    expect(await fields("")).toContain("received");
  });

  it.each([
    [{ filters: [{ field: "asset.name", operator: "GREATER", value: "a" }] }, "no operator for"],
    [{ filters: [{ field: "asset.id", operator: "CONTAINS", value: "1" }] }, "no operator for"],
    [{ filters: [{ field: "asset.id", operator: "EQUALS", value: "one" }] }, "no whole number"],
    [{ filters: [{ field: "address", operator: "EQUALS", value: ["a"] }] }, "only for IN"],
    [{ filter: "asset.name: web" }, "filter"],
    [{ filters: [], operation: "XOR" }, "operation"],
  ])("refuses %j with 400", async (body, message) => {
    await using sandbox = await startSandbox();
    const response = await (await connect(sandbox)).post(search, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining(message) });
  });

  it.each([
    [search, { filters: [{ field: "nope", operator: "EQUALS", value: "a" }] }, "filters[0].field"],
    [
      count,
      { filters: [{ field: "address", operator: "NEAR", value: "a" }] },
      "filters[0].operator",
    ],
    [`${search}?pageSize=301`, {}, "pageSize"],
    ["/rest/2.0/get/am/asset", {}, "assetId"],
    [count, "{", "not JSON"],
  ])("refuses %s with %j", async (path, body, message) => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    const response = await client.post(path, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      responseCode: "FAILED",
      message: expect.stringContaining(message),
    });
  });

  it("gives one asset with its source and all that was sent", async () => {
    await using sandbox = await startSandbox({ nowMs: () => 1_000_000 });
    const client = await connect(sandbox);
    const body = importBody(sandbox.connectorUuid, ["a"]);
    await client.import(body);
    const response = await client.post("/rest/2.0/get/am/asset?assetId=1");
    expect(await response.json()).toMatchObject({
      count: 1,
      hasMore: 0,
      assetListData: {
        asset: [
          {
            assetId: 1,
            assetName: "host-a",
            address: "100.63.255.250",
            operatingSystem: { osName: "Windows 7" },
            inventoryListData: {
              inventory: [{ source: "WEBHOOK", created: 1_000_000, lastUpdated: 1_000_000 }],
            },
            connectorUuid: sandbox.connectorUuid,
            received: body.assetData[0],
          },
        ],
      },
    });
  });

  it("shows an asset in the fields and forms that clients of the platform read", async () => {
    const nowMs = Date.parse("2026-03-01T00:00:00Z");
    await using sandbox = await startSandbox({ nowMs: () => nowMs });
    const client = await connect(sandbox);
    const network = { interfaceName: "eth0", macAddress: "001122334455" };
    const asset = {
      identityAttributes: {
        sourceNativeKey: "k",
        hostName: "web",
        netBiosName: "WEB",
        hardwareUuid: "u-1",
        serialNumber: "S1",
      },
      coreAttributes: {
        operatingSystem: "Debian 13",
        address: "10.0.0.1",
        dnsName: "web.example.com",
        domainRole: "Member",
        isContainer: false,
        biosInfo: { totalMemory: 8192 },
        lastLoggedOnUser: "root",
        processor: { description: "Xeon" },
        softwares: [{ name: "Python", version: "3" }],
        ports: [{ port: 22, protocol: "TCP" }],
        networkInterfaces: [network],
        volumes: [{ name: "/" }],
        services: [{ name: "sshd" }],
        accounts: [{ name: "root" }],
        businessMetaData: { company: "Example" },
        businessApps: [{ id: "7" }],
        assignedLocation: { city: "Graz" },
        customConnectorAttributes: { rack: "R7" },
      },
      findings: [{ id: "CVE-1", severity: 3 }],
    };
    const body = importBody(sandbox.connectorUuid, ["k"]);
    await client.import({ ...body, assetData: [asset] });
    const connectors = [sandbox.connectorUuid];
    const inventory = { source: "WEBHOOK", created: nowMs, lastUpdated: nowMs };
    const page = (await (await client.post(search)).json()) as object;
    expect(page).toEqual({
      responseMessage: "Success",
      responseCode: "SUCCESS",
      count: 1,
      hasMore: 0,
      lastSeenAssetId: 1,
      assetListData: {
        asset: [
          {
            assetId: 1,
            assetName: "web",
            address: "10.0.0.1",
            dnsName: "web.example.com",
            netbiosName: "WEB",
            hwUUID: "u-1",
            biosSerialNumber: "S1",
            createdDate: "2026-03-01T00:00:00.000Z",
            lastModifiedDate: "2026-03-01T00:00:00.000Z",
            totalMemory: 8192,
            lastLoggedOnUser: "root",
            domainRole: "Member",
            operatingSystem: { osName: "Debian 13" },
            processor: { description: "Xeon" },
            openPortListData: { openPort: [{ port: 22, protocol: "TCP", connectors }] },
            softwareListData: { software: [{ name: "Python", version: "3", connectors }] },
            networkInterfaceListData: { networkInterface: [network] },
            volumeListData: { volume: [{ name: "/" }] },
            serviceList: { service: [{ name: "sshd" }] },
            userAccountListData: { userAccount: [{ name: "root" }] },
            businessInformation: { company: "Example" },
            businessAppListData: { businessApp: [{ id: "7" }] },
            assignedLocation: { city: "Graz" },
            customAttributes: [{ connectorName: "sandbox", key: "rack", value: "R7" }],
            inventory,
            inventoryListData: { inventory: [inventory] },
            findings: [{ id: "CVE-1", severity: 3, connectors }],
            connectorUuid: sandbox.connectorUuid,
            sourceNativeKey: "k",
            received: asset,
          },
        ],
      },
    });
    sandbox.behave({ inventorySource: "connector-name" });
    expect(await (await client.post("/rest/2.0/get/am/asset?assetId=1")).json()).toMatchObject({
      assetListData: { asset: [{ inventory: { source: "sandbox" } }] },
    });
  });
});
