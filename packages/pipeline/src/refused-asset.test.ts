import { describe, expect, it } from "vitest";
import { identityOf, letterAbout } from "./refused-asset.ts";

function body(identityAttributes: object): Buffer {
  return Buffer.from(JSON.stringify({ identityAttributes, coreAttributes: {} }));
}

describe("what an answer may call an asset", () => {
  it("is its key, its names and its addresses, each once", () => {
    const identity = {
      sourceNativeKey: "k",
      netBiosName: "WEB",
      hostName: "web",
      fqdn: "web",
      ipAddress: ["10.0.0.1", "10.0.0.2"],
    };
    expect(identityOf(body(identity))).toEqual({
      sourceNativeKey: "k",
      names: ["WEB", "web", "10.0.0.1", "10.0.0.2"],
    });
  });

  it("is the key alone where names are null or missing", () => {
    const identity = { sourceNativeKey: "k", netBiosName: null, fqdn: null };
    expect(identityOf(body(identity))).toEqual({ sourceNativeKey: "k", names: [] });
  });

  it("is nothing where there is no identity", () => {
    expect(identityOf(Buffer.from("{}"))).toEqual({ sourceNativeKey: "", names: [] });
  });
});

describe("the letter about a refused asset", () => {
  it("has the asset as it was sent, and names the batch and the request", () => {
    const raw = body({ sourceNativeKey: "k" });
    const batch = { number: 7, requestId: "r-7" };
    expect(letterAbout(raw, "refused", "bad name", batch)).toEqual({
      key: "k",
      reason: "refused",
      path: "",
      message: "bad name",
      source: "batch 7, request r-7",
      line: 0,
      raw: raw.toString(),
      isAsset: true,
    });
  });
});
