import type { FastifyRequest } from "fastify";
import type { ApiKeys } from "./api-keys.ts";
import { Problem } from "./problem.ts";
import { isSigned, type SignatureCheck } from "./webhook-signature.ts";

/** What a client can show who it is by. */
export interface Credentials {
  keys: ApiKeys | null;
  isSignatureValid: SignatureCheck | null;
}

/** The caller of a request whose signature is checked once its body is there. */
export const SIGNER = "webhook signature";

/**
 * Who calls: the name of an API key, or `SIGNER` where `maySign` and the request bears a signature. Throws a `Problem` with status
 * 401 for anybody else.
 */
export function authenticate(
  { keys, isSignatureValid }: Credentials,
  { headers }: FastifyRequest,
  maySign: boolean,
): string {
  const key = bearerOf(headers.authorization) ?? headers["x-api-key"];
  if (typeof key === "string") {
    const name = keys?.nameOf(key);
    if (name) return `key ${name}`;
  } else if (maySign && isSignatureValid !== null && isSigned(headers)) {
    return SIGNER;
  }
  throw unauthorized();
}

function unauthorized(): Problem {
  return refusal(
    "An API key is needed, as Authorization: Bearer slk_... or X-API-Key; sluice key NAME makes one",
  );
}

/** For a body that nobody with one of the secrets has signed, or too long ago. */
export function notGenuine(): Problem {
  return refusal(
    "The webhook-signature is not right for this body, webhook-id and webhook-timestamp, or older than five minutes; check secret and clock",
  );
}

function refusal(detail: string): Problem {
  return new Problem(401, detail, { headers: { "www-authenticate": 'Bearer realm="sluice"' } });
}

function bearerOf(authorization: string | undefined): string | undefined {
  return /^bearer +(?<key>\S+) *$/i.exec(authorization ?? "")?.groups?.["key"];
}
