import { describe, expect, it } from "vitest";
import { jwtWith } from "./scripted-gateway.ts";
import { readSignIn } from "./sign-in.ts";

const nowMs = 1_800_000_000_000;
const jwt = jwtWith({ exp: nowMs / 1000 + 600 });
const wrongCredentials = {
  authentication_exceptions: [
    [
      "Authentication Failure: 1 errors, 0 successes:authenticationFailure.InvalidCredentialsException",
    ],
  ],
};

function read(status: number, body: unknown, isComplete = true) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return readSignIn(
    { kind: "answer", status, headers: {}, body: text, isComplete },
    nowMs,
    "check it",
  );
}

describe("readSignIn", () => {
  it.each([
    ["the bare token", 201, jwt],
    ["the bare token and a line end", 200, `${jwt}\n`],
    ["JSON with access_token", 200, { access_token: jwt, token_type: "Bearer" }],
    ["JSON with token", 201, { token: jwt }],
    ["a JSON string", 201, JSON.stringify(jwt)],
  ])("takes %s", (_form, status, body) => {
    expect(read(status, body)).toEqual({ kind: "token", token: jwt, lifetimeMs: 600_000 });
  });

  it.each([
    ["from issue to expiry", { iat: 1000, exp: 1060 }, 60_000],
    ["unknown without an expiry", { sub: "x" }, null],
    ["unknown when the token expired before it came", { exp: 1000 }, null],
    ["unknown when the expiry is no number", { exp: "soon" }, null],
  ])("knows a lifetime: %s", (_what, claims, lifetimeMs) => {
    expect(read(201, jwtWith(claims))).toMatchObject({ kind: "token", lifetimeMs });
  });

  it("takes a token in JSON that is no JWT", () => {
    expect(read(200, { access_token: "opaque-1" })).toEqual({
      kind: "token",
      token: "opaque-1",
      lifetimeMs: null,
    });
  });

  it.each([
    [401, wrongCredentials, "refused"],
    [403, "", "refused"],
    [400, { message: "Missing parameter" }, "refused"],
    [404, "", "wrong-address"],
    [302, "", "wrong-address"],
    [200, `<html><input type="password"></html>`, "wrong-address"],
    [200, "<html>Maintenance</html>", "unavailable"],
    [201, "", "unavailable"],
    [201, { access_token: "two\r\nlines" }, "unavailable"],
    [201, { access_token: 7 }, "unavailable"],
    [429, "", "unavailable"],
    [503, "", "unavailable"],
  ])("reads %i with %o as %s", (status, body, kind) => {
    expect(read(status, body).kind).toBe(kind);
  });

  it("does not take a token that may have been cut off", () => {
    expect(read(201, jwt, false).kind).toBe("unavailable");
  });

  it("says why a sign-in was refused and what to check", () => {
    expect(read(401, wrongCredentials)).toMatchObject({
      message: expect.stringMatching(/InvalidCredentialsException.*; check it$/),
    });
  });
});
