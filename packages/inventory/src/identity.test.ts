import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { assetId, nameUuid, nativeKey, ownUuid } from "./identity.ts";

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

it("sends the source's key as it is up to 200 characters, and its SHA-256 above", () => {
  expect(nativeKey("k".repeat(200))).toBe("k".repeat(200));
  expect(nativeKey("k".repeat(201))).toBe(sha256("k".repeat(201)));
});

it("knows an asset by the first 16 bytes of the SHA-256 of its key", () => {
  expect(assetId("netbox-device-1").toString("hex")).toBe(sha256("netbox-device-1").slice(0, 32));
  expect(assetId("gerät").toString("hex")).toBe(sha256("gerät").slice(0, 32));
});

describe("ownUuid", () => {
  it("takes a UUID, in lower case", () => {
    expect(ownUuid(" 4C4C4544-0051-3510-8052-B4C04F4A3632 ")).toBe(
      "4c4c4544-0051-3510-8052-b4c04f4a3632",
    );
  });

  it.each([
    "",
    "asset-1",
    "4c4c4544005135108052b4c04f4a3632",
    "00000000-0000-0000-0000-000000000000",
    "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
  ])("does not take %j", (text) => {
    expect(ownUuid(text)).toBeNull();
  });
});

it("derives the UUIDv5 of RFC 9562, appendix A.4", () => {
  expect(nameUuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com")).toBe(
    "2ed6657d-e927-568b-95e1-2665a8aea6a2",
  );
});
