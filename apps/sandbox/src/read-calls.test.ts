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
});
