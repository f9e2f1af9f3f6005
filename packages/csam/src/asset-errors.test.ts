import { describe, expect, it, vi } from "vitest";
import { assetErrors, type AssetIdentity } from "./asset-errors.ts";

const batch: readonly AssetIdentity[] = [
  { sourceNativeKey: "key-a", names: ["web-1", "web-1.example", "shared"] },
  { sourceNativeKey: "key-b", names: ["web-2", "shared"] },
  { sourceNativeKey: "key-c", names: ["web-3"] },
];

function find(body: Record<string, unknown>, assets = batch) {
  return assetErrors(body, () => assets);
}

const second = { rejected: [{ index: 1, message: "bad IP" }], unplaced: [] };

describe("assetErrors", () => {
  it.each([
    ["a map by source key", { assetsError: { "key-b": "bad IP" } }],
    ["a map by host name", { assetsError: { "WEB-2": { message: "bad IP" } } }],
    ["a map by index", { assetsError: { 1: ["bad IP"] } }],
    [
      "a map of unknown objects by source key",
      { assetsError: { "key-b": { ip: "", code: "bad IP" } } },
      "code: bad IP",
    ],
    ["a list with source keys", { assetsError: [{ sourceNativeKey: "key-b", message: "bad IP" }] }],
    ["a list with host names", { errors: [{ hostName: "web-2", error: "bad IP" }] }],
    ["a list with indices", { failedRecords: [{ index: 1, errorMessage: "bad IP" }] }],
    [
      "a list with identity attributes",
      { rejected: [{ identityAttributes: { sourceNativeKey: "key-b" }, reason: "bad IP" }] },
    ],
    [
      "a list inside the object",
      { assetsError: { failed: [{ index: "1", error: { message: "bad IP" } }] } },
    ],
    [
      "an envelope with words and a count of its own",
      {
        assetsError: { message: "1 failed", failed: 1, errors: [{ index: 1, message: "bad IP" }] },
      },
    ],
  ] as [string, Record<string, unknown>, string?][])(
    "reads %s",
    (_shape, body, message = "bad IP") => {
      expect(find(body)).toEqual({ rejected: [{ index: 1, message }], unplaced: [] });
    },
  );

  it.each([
    {},
    { assetsError: {} },
    { assetsError: [] },
    { assetsError: null },
    { assetsError: "" },
    { assetsError: { failed: 0, errors: [] }, errorCode: null },
    { message: "Submitted", transferred: 3 },
  ])("finds no error in %o, and does not ask for the batch", (body) => {
    const assets = vi.fn(() => batch);
    expect(assetErrors(body, assets)).toEqual({ rejected: [], unplaced: [] });
  });

  it("asks for the batch once, and only when there is an error to place", () => {
    const assets = vi.fn(() => batch);
    assetErrors({ message: "Submitted", assetsError: {} }, assets);
    expect(assets).not.toHaveBeenCalled();
    assetErrors({ assetsError: { "key-a": "bad", "key-b": "bad" } }, assets);
    expect(assets).toHaveBeenCalledTimes(1);
  });

  it.each([
    ["an unknown key", { assetsError: { "key-x": "bad IP" } }, "key-x: bad IP"],
    ["a name that two assets have", { assetsError: { shared: "bad IP" } }, "shared: bad IP"],
    ["an index outside the batch", { assetsError: [{ index: 3, message: "bad IP" }] }, "bad IP"],
    ["no name at all", { assetsError: ["bad IP"] }, "bad IP"],
    ["a text", { assetsError: "bad IP" }, "assetsError: bad IP"],
    ["a mere count", { assetsError: {}, failed: 2 }, "failed: 2"],
  ])("keeps as text an error with %s", (_what, body, text) => {
    expect(find(body)).toEqual({ rejected: [], unplaced: [text] });
  });

  it("places nothing by a number that is one asset's key and another's index", () => {
    const numbered = ["1", "2", "7"].map((sourceNativeKey) => ({ sourceNativeKey, names: [] }));
    expect(find({ assetsError: { 1: "bad IP" } }, numbered).rejected).toEqual([]);
    expect(find({ assetsError: { 7: "bad IP" } }, numbered).rejected).toEqual([
      { index: 2, message: "bad IP" },
    ]);
    const named = { assetsError: [{ sourceNativeKey: "2", message: "bad IP" }] };
    expect(find(named, numbered)).toEqual(second);
  });

  it("joins the errors of one asset and sorts the assets", () => {
    const body = {
      assetsError: { "key-c": "no OS", "key-b": "bad IP" },
      errors: [{ index: 2, error: "no MAC" }],
    };
    expect(find(body).rejected).toEqual([
      { index: 1, message: "bad IP" },
      { index: 2, message: "no OS; no MAC" },
    ]);
  });

  it("reads a list of rejected source keys", () => {
    expect(find({ rejectedAssets: ["key-c", "key-a"] }).rejected.map(({ index }) => index)).toEqual(
      [0, 2],
    );
  });

  it("stops at a bounded depth and a bounded number of texts", () => {
    let deep: Record<string, unknown> = { error: 1 };
    for (let level = 0; level < 2000; level += 1) {
      deep = { error: deep };
    }
    expect(find({ assetsError: deep }).unplaced).toHaveLength(1);
    const many = Array.from({ length: 5000 }, (_, at) => `error ${at}`);
    expect(find({ errors: many }).unplaced).toHaveLength(100);
  });
});
