import { describe, expect, it } from "vitest";
import { closest } from "./closest.ts";

describe("the closest name", () => {
  it.for([
    ["pasword", "password"],
    ["hardwareUUID", "hardwareUuid"],
    ["hardware_uuid", "hardwareUuid"],
    ["conectors", "connectors"],
  ])("to %s is %s", ([name, meant]) => {
    expect(closest(name ?? "", ["password", "hardwareUuid", "connectors"])).toBe(meant);
  });

  it("is none where nothing is near", () => {
    expect(closest("mapping", ["password", "hardwareUuid"])).toBeNull();
    expect(closest("x", [])).toBeNull();
  });
});
