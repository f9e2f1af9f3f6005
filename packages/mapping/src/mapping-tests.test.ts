import { createTransform, mappingPolicy } from "@sluice/inventory";
import { describe, expect, it } from "vitest";
import { runMappingTests } from "./mapping-tests.ts";

const transform = createTransform(
  mappingPolicy({ connectorUuid: "da4b8361-2327-4bf1-af7d-2ce775bc9882" }),
);
const input = { id: "a", hostname: "h", ips: ["10.0.0.1", "10.0.0.2"] };

async function outcome(test: object): Promise<unknown> {
  const [result] = await runMappingTests([{ input, ...test }], transform);
  return result;
}

describe("a test of a mapping", () => {
  it.for([
    ["asks for nothing", {}],
    ["names a part", { asset: { coreAttributes: { address: "10.0.0.1" } } }],
    ["wants a whole list", { asset: { identityAttributes: { ipAddress: input.ips } } }],
    ["wants something absent", { asset: { identityAttributes: { fqdn: null } } }],
    ["wants a dead letter", { input: { ...input, severity: 1, memory_mb: {} }, dead: "memory_mb" }],
  ] as const)("passes where it %s that is so", async ([, test]) => {
    expect(await outcome(test)).toMatchObject({ name: "test 1", differences: [] });
  });

  it.for([
    [{ asset: { findings: null, coreAttributes: { address: "x" } } }, "coreAttributes.address"],
    [
      { asset: { identityAttributes: { ipAddress: ["10.0.0.1"] } } },
      "identityAttributes.ipAddress",
    ],
    [
      { asset: { identityAttributes: { sourceNativeKey: null } } },
      "identityAttributes.sourceNativeKey",
    ],
    [{ asset: { identityAttributes: { fqdn: { a: 1 } } } }, "identityAttributes.fqdn"],
    [{ dead: "x" }, ""],
    [{ input: {}, dead: "x" }, ""],
    [{ input: {} }, ""],
  ] as const)("%j fails at %s", async ([test, path]) => {
    expect(await outcome(test)).toMatchObject({ differences: [{ path }] });
  });
});
