import { describe, expect, it } from "vitest";
import { endpoint, parseGatewayUrl } from "./gateway-url.ts";

describe("parseGatewayUrl", () => {
  it.each(["https://gateway.qg1.apps.qualys.com", "https://10.0.0.5:8443/qualys/"])(
    "takes https anywhere: %s",
    (text) => {
      expect(parseGatewayUrl(text).href).toContain(text);
    },
  );

  it.each([
    "http://127.0.0.1:8080",
    "http://127.1:8080",
    "http://127.9.9.9",
    "http://localhost:1",
    "http://[::1]:8080",
  ])("takes http on this machine: %s", (text) => {
    expect(parseGatewayUrl(text).protocol).toBe("http:");
  });

  it.each([
    "http://gateway.qg1.apps.qualys.com",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "http://128.0.0.1",
    "http://[::2]",
    "ftp://localhost",
  ])("refuses to send credentials to %s, naming the setting", (text) => {
    expect(() => parseGatewayUrl(text)).toThrow(RangeError);
    expect(() => parseGatewayUrl(text)).toThrow(/QUALYS_GATEWAY_URL.*use https/);
  });

  it("takes http on the one other host that was named for it", () => {
    expect(parseGatewayUrl("http://Sandbox:8765", "sandbox").host).toBe("sandbox:8765");
    for (const text of ["http://sandbox.example", "http://other", "ftp://sandbox"]) {
      expect(() => parseGatewayUrl(text, "sandbox")).toThrow(/use https/);
    }
  });

  it("refuses credentials in the address without repeating them", () => {
    expect(() => parseGatewayUrl("https://joe:hunter2@gateway.example")).toThrow(
      expect.objectContaining({
        name: "RangeError",
        message: expect.not.stringContaining("hunter2"),
      }),
    );
    expect(() => parseGatewayUrl("joe:hunter2@:::")).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
    );
  });

  it("says what a text is missing that is no address", () => {
    expect(() => parseGatewayUrl("gateway")).toThrow(/"gateway" is not an address; write it like/);
  });
});

describe("endpoint", () => {
  it("keeps the path below which a gateway lives", () => {
    const url = parseGatewayUrl("https://proxy.example/qualys/?x=1#y");
    expect(endpoint(url, "/auth", { pageSize: "5" }).href).toBe(
      "https://proxy.example/qualys/auth?pageSize=5",
    );
  });
});
