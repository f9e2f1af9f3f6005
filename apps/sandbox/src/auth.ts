import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { failure, type Answer } from "./answer.ts";
import type { Behaviour } from "./behaviour.ts";

/** What a bearer token is worth; `unserved` is a client's where CSAM serves none. */
export type TokenCheck = "valid" | "expired" | "invalid" | "unserved";

/**
 * The answers of https://docs.qualys.com/en/vm/qweb-all-api/appendix/pcrs_error_codes.htm, and the one that users of OAuth
 * clients report of CSAM.
 */
export const authFailures = {
  credentials: {
    kind: "answer",
    status: 401,
    body: {
      authentication_exceptions: [
        [
          "Authentication Failure: 1 errors, 0 successes:authenticationFailure.InvalidCredentialsException",
        ],
      ],
    },
  },
  expired: unauthorized("JWT expired"),
  invalid: unauthorized("Not authenticated"),
  unserved: failure(400, "Error validating customer from token - Invalid Subscription Id"),
} as const satisfies Record<string, Answer>;

function unauthorized(message: string): Answer {
  return { kind: "answer", status: 401, body: { status: 401, error: "Unauthorized", message } };
}

/** How long tokens live from now on, and whether those of clients are taken. */
export type TokenPolicy = Pick<Behaviour, "tokenLifetimeMs" | "servesClients">;

const claimsSchema = z.object({ exp: z.number(), isClient: z.boolean() });

const issuedMax = 10_000;

/**
 * Issues and checks the JWTs of one sandbox: HS512 as in the platform's sample, signed with a key
 * that is made at start and never leaves the process, so a token of another sandbox is invalid.
 */
export class Tokens {
  readonly #key = createSecretKey(randomBytes(64));
  readonly #policy: () => TokenPolicy;
  readonly #issued: string[] = [];

  constructor(policy: () => TokenPolicy) {
    this.#policy = policy;
  }

  /** The last 10,000 tokens, oldest first: what an audit looks for where none may be. */
  get issued(): readonly string[] {
    return this.#issued;
  }

  /**
   * A token of a user or a client from `nowMs` (epoch) on. Its `exp` has a fraction, so that short lifetimes are exact.
   */
  issue(subject: string, nowMs: number, isClient = false): string {
    const claims = {
      sub: subject,
      isClient,
      iat: Math.floor(nowMs / 1000),
      exp: (nowMs + this.#policy().tokenLifetimeMs) / 1000,
    };
    const signed = `${encode({ alg: "HS512" })}.${encode(claims)}`;
    const token = `${signed}.${this.#sign(signed)}`;
    this.#issued.push(token);
    if (this.#issued.length > issuedMax) this.#issued.shift();
    return token;
  }

  /** Judges an `Authorization` header at `nowMs` (epoch). */
  check(authorization: string | undefined, nowMs: number): TokenCheck {
    const [, signed, claims, signature] =
      /^Bearer ([\w-]+\.([\w-]+))\.([\w-]+)$/i.exec(authorization ?? "") ?? [];
    if (signed === undefined || claims === undefined || signature === undefined) return "invalid";
    if (!sameText(signature, this.#sign(signed))) return "invalid";
    const json = JSON.parse(Buffer.from(claims, "base64url").toString()) as unknown;
    const { exp, isClient } = claimsSchema.parse(json);
    if (nowMs >= exp * 1000) return "expired";
    return isClient && !this.#policy().servesClients ? "unserved" : "valid";
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
