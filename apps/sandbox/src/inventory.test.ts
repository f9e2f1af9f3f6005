import { describe, expect, it } from "vitest";
import { Inventory } from "./inventory.ts";

function requestOf(...keys: string[]) {
  const assets = keys.map((sourceNativeKey) => {
    const asset = { identityAttributes: { sourceNativeKey } };
    return { asset, received: JSON.stringify(asset) };
  });
  return { connectorUuid: "c", requestId: null, source: null, assets };
}

describe("an inventory", () => {
  it("numbers its assets in the order of their creation, and leaves out the refused", () => {
    const inventory = new Inventory();
    inventory.merge(requestOf("a", "b", "c"), 1, (key) => key === "b");
    inventory.merge(requestOf("c", "d"), 2, () => false);
    expect([...inventory.assetsAfter(0)].map((asset) => asset.sourceNativeKey)).toEqual([
      "a",
      "c",
      "d",
    ]);
    expect(inventory.assetById(2)).toBe(inventory.asset("c", "c"));
    expect([...inventory.assetsAfter(2)].map((asset) => asset.id)).toEqual([3]);
  });

  it("says when it has no room for more", () => {
    const inventory = new Inventory(3);
    inventory.merge(requestOf("a", "b"), 1, () => false);
    expect([inventory.hasRoomFor(1), inventory.hasRoomFor(2)]).toEqual([true, false]);
  });

  it("sums an asset up by the first attributes that it has", () => {
    const inventory = new Inventory();
    const asset = {
      identityAttributes: { sourceNativeKey: "a", netBiosName: "N", ipAddress: ["10.0.0.1"] },
      coreAttributes: { operatingSystem: "Linux", hostName: null },
    };
    inventory.merge({ ...requestOf(), assets: [{ asset, received: "{}" }] }, 1, () => false);
    expect(inventory.asset("c", "a")).toMatchObject({
      name: "N",
      address: "10.0.0.1",
      operatingSystem: "Linux",
    });
  });
});
