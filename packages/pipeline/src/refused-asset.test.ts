import { describe, expect, it } from "vitest";
import { identityOf } from "./refused-asset.ts";

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
