import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";

/** What a bearer token is worth. */
export type TokenCheck = "valid" | "expired" | "invalid";

/** The 401 bodies of https://docs.qualys.com/en/vm/qweb-all-api/appendix/pcrs_error_codes.htm. */
export const unauthorizedBodies = {
  credentials: {
    authentication_exceptions: [
      [
        "Authentication Failure: 1 errors, 0 successes:authenticationFailure.InvalidCredentialsException",
      ],
    ],
  },
  expired: { status: 401, error: "Unauthorized", message: "JWT expired" },
  invalid: { status: 401, error: "Unauthorized", message: "Not authenticated" },
} as const;

const claimsSchema = z.object({ exp: z.number() });

/**
 * Issues and checks the JWTs of one sandbox: HS512 as in the platform's sample, signed with a key
 * that is made at start and never leaves the process, so a token of another sandbox is invalid.
 */
export class Tokens {
  readonly #key = randomBytes(64);
  readonly #lifetimeMs: number;

  constructor(lifetimeMs: number) {
    this.#lifetimeMs = lifetimeMs;
  }

  /** A token from `nowMs` (epoch) on. Its `exp` has a fraction, so that short lifetimes are exact. */
  issue(username: string, nowMs: number): string {
    const claims = {
      sub: username,
      iat: Math.floor(nowMs / 1000),
      exp: (nowMs + this.#lifetimeMs) / 1000,
    };
    const signed = `${encode({ alg: "HS512" })}.${encode(claims)}`;
    return `${signed}.${this.#sign(signed)}`;
  }

  /** Judges an `Authorization` header at `nowMs` (epoch). */
  check(authorization: string | undefined, nowMs: number): TokenCheck {
    const [, signed, claims, signature] =
      /^Bearer ([\w-]+\.([\w-]+))\.([\w-]+)$/i.exec(authorization ?? "") ?? [];
    if (signed === undefined || claims === undefined || signature === undefined) return "invalid";
    if (!sameText(signature, this.#sign(signed))) return "invalid";
    const { exp } = claimsSchema.parse(JSON.parse(Buffer.from(claims, "base64url").toString()));
    return nowMs < exp * 1000 ? "valid" : "expired";
  }

  #sign(text: string): string {
    return createHmac("sha512", this.#key).update(text).digest("base64url");
  }
}

/** Compares in a time that does not depend on where the texts differ. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
