import { describe, expect, it } from "vitest";
import { Tokens } from "./auth.ts";

function tokensOf(tokenLifetimeMs: number, servesClients = true): Tokens {
  return new Tokens(() => ({ tokenLifetimeMs, servesClients }));
}

describe("tokens", () => {
  it("are JWTs signed with HS512 that tell when they end", () => {
    const [header, claims, signature] = tokensOf(14_400_000).issue("me", 1_000_500).split(".");
    const decode = (part = "") => JSON.parse(Buffer.from(part, "base64url").toString()) as unknown;
    expect(decode(header)).toEqual({ alg: "HS512" });
    expect(decode(claims)).toEqual({ sub: "me", isClient: false, iat: 1000, exp: 15_400.5 });
    expect(Buffer.from(signature ?? "", "base64url")).toHaveLength(64);
  });

  it("are valid until their end, and expired from then on", () => {
    const tokens = tokensOf(100);
    const bearer = `Bearer ${tokens.issue("me", 1000)}`;
    expect(tokens.check(bearer, 1099)).toBe("valid");
    expect(tokens.check(bearer, 1100)).toBe("expired");
  });

  it("of a client are served, or not, as the sandbox is told", () => {
    for (const [servesClients, check] of [
      [true, "valid"],
      [false, "unserved"],
    ] as const) {
      const tokens = tokensOf(100, servesClients);
      expect(tokens.check(`Bearer ${tokens.issue("client", 0, true)}`, 1)).toBe(check);
      expect(tokens.check(`Bearer ${tokens.issue("me", 0)}`, 1)).toBe("valid");
    }
  });

  it("are invalid when they are missing, not bearer tokens, altered, or of another sandbox", () => {
    const tokens = tokensOf(100);
    const token = tokens.issue("me", 0);
    const [header, , signature] = token.split(".");
    const claims = Buffer.from(JSON.stringify({ exp: 1e12 })).toString("base64url");
    for (const authorization of [
      undefined,
      "",
      token,
      "Bearer",
      `Basic ${token}`,
      `Bearer ${header}.${claims}.${signature}`,
      `Bearer ${token}x`,
      `Bearer ${tokensOf(100).issue("me", 0)}`,
    ]) {
      expect(tokens.check(authorization, 1)).toBe("invalid");
    }
  });
});
