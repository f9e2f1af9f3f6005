import { createHash } from "node:crypto";
import type { ChunkRecord } from "@sluice/inventory";
import type { Claim } from "@sluice/queue";
import { Problem } from "./problem.ts";

/** A request that counts once, however often it is sent. */
export interface Idempotency {
  /** What the client named it. */
  key: string;
  /** Among whose requests the key means this one: client, connector. */
  scope: readonly string[];
  /** What else of the request has to be the same. */
  target: readonly string[];
}

/** One part of a request's records: parts are cut at places that follow from the records alone. */
export interface RequestPart {
  records: readonly ChunkRecord[];
  /** From 1. */
  ordinal: number;
  isLast: boolean;
}

const KEY = /^[\x21\x23-\x7e]{1,255}$/;

/**
 * The key in an `Idempotency-Key` header: a quoted string as in draft-ietf-httpapi-idempotency-key-header, or the bare
 * text that most clients send. Null without the header. Throws a `Problem` with status 400.
 */
export function parseIdempotencyKey(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  const text = Array.isArray(header) ? header.join(",") : header;
  const key = /^"(?<key>.*)"$/.exec(text)?.groups?.["key"] ?? text;
  if (KEY.test(key)) return key;
  const message = "It has to be 1 to 255 visible ASCII characters other than quotes";
  throw new Problem(400, `The Idempotency-Key cannot be used: ${message}`, {
    errors: [{ path: "Idempotency-Key", message }],
  });
}

/** The claim by which a part counts once. */
export function claimOf({ key, scope, target }: Idempotency, part: RequestPart): Claim {
  const id = digest([JSON.stringify([...scope, key, part.ordinal])]);
  const texts = part.records.flatMap(({ text, problem }) => [text, problem ?? ""]);
  return { id, fingerprint: digest([JSON.stringify([...target, part.isLast]), ...texts]) };
}

/** 132 bits of SHA-256, in 22 characters. */
function digest(texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text).update("\n");
  return hash.digest("base64url").slice(0, 22);
}
