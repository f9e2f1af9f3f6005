import { describe, expect, it } from "vitest";
import { parseGatewayUrl } from "./gateway-url.ts";
import { gatewayOfPlatform } from "./platforms.ts";

const NAMES = "US1 US2 US3 US4 GOV1 EU1 EU2 EU3 IN1 CA1 AE1 UK1 AU1 KSA1".split(" ");

describe("gatewayOfPlatform", () => {
  it("knows the gateway of each platform, in any case", () => {
    const gateways = NAMES.map((name) => parseGatewayUrl(gatewayOfPlatform(name)).host);
    expect(new Set(gateways).size).toBe(NAMES.length);
    expect(gateways[0]).toBe("gateway.qg1.apps.qualys.com");
    expect(gatewayOfPlatform(" ksa1 ")).toBe("https://gateway.qg1.apps.qualysksa.com");
  });

  it.each(["US9", "", "toString"])("lists the names for %j, which is none", (name) => {
    expect(() => gatewayOfPlatform(name)).toThrow(RangeError);
    expect(() => gatewayOfPlatform(name)).toThrow(NAMES.join(", "));
  });
});
