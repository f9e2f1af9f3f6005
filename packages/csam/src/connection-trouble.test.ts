import { describe, expect, it } from "vitest";
import { connectionTrouble } from "./connection-trouble.ts";

function trouble(code: string, message = "", hasProxy = false): string {
  return connectionTrouble(
    Object.assign(new Error(message), { code }),
    "gateway.example",
    hasProxy,
  );
}

describe("connectionTrouble", () => {
  it.each([
    ["SELF_SIGNED_CERT_IN_CHAIN", "QUALYS_CA_FILE"],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "QUALYS_CA_FILE"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "QUALYS_GATEWAY_URL"],
    ["CERT_HAS_EXPIRED", "clock"],
    ["EPROTO", "does not speak TLS"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "does not speak TLS"],
    ["ENOTFOUND", '"gateway.example" has no address'],
  ])("has a remedy for %s", (code, remedy) => {
    expect(trouble(code)).toContain(remedy);
    expect(trouble(code)).toContain(code);
  });

  it("names the proxy where that is what cannot be reached", () => {
    expect(trouble("ENOTFOUND", "", true)).toMatch(/^the name of the proxy .*QUALYS_PROXY/);
    expect(trouble("ECONNREFUSED", "refused", true)).toMatch(/^refused; check QUALYS_PROXY/);
    expect(trouble("ECONNREFUSED", "refused")).toMatch(/^refused; check QUALYS_GATEWAY_URL/);
  });

  it.each([
    [
      "via http://p/: HTTP/1.1 407 Proxy Authentication Required",
      "(407 Proxy Authentication Required); check user",
    ],
    ["via http://p/: HTTP/1.1 403 Forbidden", "(403 Forbidden); check QUALYS_PROXY"],
    ["ended unexpectedly", "(ended unexpectedly); check QUALYS_PROXY"],
  ])("says what the proxy said: %s", (message, words) => {
    expect(trouble("ERR_PROXY_TUNNEL", message, true)).toContain(words);
  });

  it("has words for a connection that ended without any", () => {
    expect(connectionTrouble(undefined, "gateway.example", false)).toContain("was closed");
  });
});
