import { describe, expect, it } from "vitest";
import type { Asset } from "./asset.ts";
import { fingerprint } from "./fingerprint.ts";

const software = { isSystemApp: false, isEnterpriseApp: false };
const asset: Asset = {
  identityAttributes: {
    qualysAssetId: null,
    sourceNativeKey: "a",
    netBiosName: "web",
    ipAddress: ["10.0.0.1", "10.0.0.2"],
    macAddress: ["00:50:56:81:01:E3", "E4:CE:8F:49:0D:7C"],
  },
  coreAttributes: {
    address: "10.0.0.1",
    isContainer: false,
    biosInfo: { totalMemory: 8192 },
    softwares: [
      { name: "Python", version: "3", ...software },
      { name: "Apache", version: "2", ...software },
    ],
    ports: [{ port: 22, protocol: "TCP" }],
    customConnectorAttributes: { rack: "7", room: "8" },
  },
  findings: [],
};

function print(identity: object, core: object = {}, rest: object = {}): string {
  const { identityAttributes, coreAttributes } = asset;
  return fingerprint({
    ...asset,
    identityAttributes: { ...identityAttributes, ...identity },
    coreAttributes: { ...coreAttributes, ...core },
    ...rest,
  }).toString("hex");
}

it("is 8 bytes that stay the same from release to release", () => {
  // When this fails, raise FINGERPRINT_VERSION: stored fingerprints no longer match.
  expect(print({})).toBe("7171c24d84d2e448");
});

it("ignores the order of keys, also of those that are not ours", () => {
  const { identityAttributes, coreAttributes, findings } = asset;
  const { ipAddress, ...identity } = identityAttributes;
  const backwards = { findings, coreAttributes, identityAttributes: { ipAddress, ...identity } };
  expect(fingerprint(backwards)).toEqual(fingerprint(asset));
  expect(print({}, { customConnectorAttributes: { room: "8", rack: "7" } })).toBe(print({}));
});

it("ignores the order of lists, and which of the same addresses comes first", () => {
  const ipAddress = ["10.0.0.2", "10.0.0.1"];
  const macAddress = ["E4:CE:8F:49:0D:7C", "00:50:56:81:01:E3"];
  const softwares = asset.coreAttributes.softwares?.toReversed();
  expect(print({ ipAddress, macAddress }, { address: "10.0.0.2", softwares })).toBe(print({}));
});

it("ignores the dates at the source", () => {
  expect(print({}, { sourceCreatedDate: 1, sourceLastUpdatedDate: "2" })).toBe(print({}));
});

describe("differs", () => {
  it.each([
    ["in the key", { sourceNativeKey: "b" }, {}, {}],
    ["in an address", { ipAddress: ["10.0.0.1", "10.0.0.3"] }, {}, {}],
    ["in an address that is not listed", {}, { address: "10.0.0.3" }, {}],
    ["in an optional field", { serialNumber: "S" }, {}, {}],
    ["in which field has a value", { netBiosName: undefined, fqdn: "web" }, {}, {}],
    ["in an empty list instead of none", {}, {}, { findings: undefined }],
    ["in one port more", {}, { ports: [{ port: 22, protocol: "TCP" }, { port: 23 }] }, {}],
    ["in the memory", {}, { biosInfo: { totalMemory: 4096 } }, {}],
    ["in what belongs to what", {}, { customConnectorAttributes: { rack: "8", room: "7" } }, {}],
    ["in a name that looks like the structure", { netBiosName: "3:web,undefined" }, {}, {}],
  ])("%s", (_, identity, core, rest) => {
    expect(print(identity, core, rest)).not.toBe(print({}));
  });
});
