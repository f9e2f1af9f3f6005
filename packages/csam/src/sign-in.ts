import { type Answer, type Failure, judgeFailure, senseless } from "./answer.ts";
import type { Exchange } from "./gateway.ts";
import { readHeaders } from "./headers.ts";
import { isJsonObject } from "@sluice/inventory";
import { parseJson } from "./json.ts";
import { serverMessage } from "./server-message.ts";

/** How signing in ended. */
export type SignIn =
  | { kind: "ok" }
  /** The credentials are not accepted; another try with the same may lock the user out. */
  | { kind: "refused"; message: string }
  | { kind: "wrong-address"; message: string }
  | { kind: "unavailable"; message: string };

/** Why there is no token. */
export type SignInFailure = Exclude<SignIn, { kind: "ok" }>;

/** A token as Qualys gave it. `lifetimeMs` is `null` when the token does not say. */
export interface IssuedToken {
  kind: "token";
  token: string;
  lifetimeMs: number | null;
}

/**
 * Reads the answer to `POST /auth` and its like: a bare JWT (as documented, with status 201), or JSON with
 * `access_token` or `token`. `remedy` says what to check when the credentials are refused.
 */
export function readSignIn(
  exchange: Exchange,
  nowMs: number,
  remedy: string,
): IssuedToken | SignInFailure {
  if (exchange.kind === "no-answer") {
    return {
      kind: "unavailable",
      message: `Cannot reach the gateway to sign in: ${exchange.message}`,
    };
  }
  const { status, body, isComplete } = exchange;
  if (status < 200 || status > 299) {
    const failure = judgeFailure(exchange, readHeaders(exchange.headers, nowMs), [429]);
    return asSignIn(failure, exchange, remedy);
  }
  const token = isComplete ? tokenIn(body) : null;
  return token === null
    ? asSignIn(senseless(exchange), exchange, remedy)
    : { kind: "token", token, lifetimeMs: lifetimeMs(token, nowMs) };
}

/** The verdicts of a call, in the fewer words of a sign-in. */
function asSignIn(failure: Failure, { status, body }: Answer, remedy: string): SignInFailure {
  if (failure.kind === "wrong-address") {
    return failure;
  }
  if (["limited", "unavailable", "unknown"].includes(failure.kind)) {
    return { kind: "unavailable", message: `Cannot sign in: ${failure.message}` };
  }
  return {
    kind: "refused",
    message: `Qualys refused the sign-in (${status}: ${serverMessage(body)}); ${remedy}`,
  };
}

function tokenIn(body: string): string | null {
  const text = body.trim();
  if (/^[\w-]+\.[\w-]+\.[\w-]*$/.test(text)) {
    return text;
  }
  const json = parseJson(text);
  const token = isJsonObject(json) ? (json["access_token"] ?? json["token"]) : json;
  return typeof token === "string" && /^[\w.~+/=-]+$/.test(token) ? token : null;
}

/** From issue to expiry where the token has both, so that this machine's clock plays no part. */
function lifetimeMs(token: string, nowMs: number): number | null {
  const claims = parseJson(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  if (!isJsonObject(claims) || typeof claims["exp"] !== "number") {
    return null;
  }
  const issuedMs = typeof claims["iat"] === "number" ? claims["iat"] * 1000 : nowMs;
  const ms = claims["exp"] * 1000 - issuedMs;
  return Number.isFinite(ms) && ms > 0 ? ms : null;
}
