import type { Chance } from "../support/random.ts";
import { POISON } from "./inventory.ts";

/** A fault as the sandbox's API takes it. */
export type JsonFault = Readonly<Record<string, unknown>> & { kind: string };

/** Spelled differently in a URL, in JSON and in HTML; the middle is the same in all of them. */
export const PASSWORD = "p@ss/5c1f-not-to-be-seen-0b7e&wörd";
export const PASSWORD_CORE = "5c1f-not-to-be-seen-0b7e";
/** An error page that says too much. */
const TELLTALE = { responseCode: "FAILED", message: `Cannot do this for sandbox:${PASSWORD}` };

/** Assets that are refused whatever happens, each kind by its own way of saying so. They come first in every script. */
export const STANDING_FAULTS: readonly JsonFault[] = [
  {
    kind: "answer",
    status: 400,
    body: TELLTALE,
    keys: POISON.whole,
    times: "always",
  },
  { kind: "refuse-assets", keys: POISON.named, message: "Invalid value", times: "always" },
];

/** The ways in which errors of single assets are told. */
export const SHAPES = [
  "map",
  "map-of-objects",
  "index",
  "failed",
  "errors",
  "host-name",
  "text",
  "multi-status",
] as const;

/** Every row of the table of verdicts: what a gateway, a load balancer or a network may answer, or not. */
const CATALOG: readonly ((chance: Chance) => JsonFault)[] = [
  () => answer(429, { "X-RateLimit-ToWait-Sec": "1" }),
  () => answer(429, { "Retry-After": "1" }),
  () => answer(409, { "X-RateLimit-ToWait-Sec": "1" }),
  () => answer(409),
  () => answer(400),
  () => answer(422),
  () => answer(422, {}, TELLTALE),
  () => answer(413),
  () => ({ kind: "answer", status: 413, aboveAssets: 8 }),
  () => answer(400, {}, { responseCode: "FAILED", message: "Request body is too large" }),
  () => answer(400, {}, { message: "Error validating customer - Invalid Subscription Id" }),
  () => answer(200, {}, { responseCode: "FAILED", message: "Something is wrong" }),
  () => answer(200, {}, "Here is something that makes no sense"),
  () => answer(500),
  () => answer(500, {}, TELLTALE),
  () => ({ kind: "answer", status: 504, processed: true }),
  () => answer(502, { "Content-Type": "text/html" }, "<h1>Bad gateway</h1>"),
  () => answer(503, { "Retry-After": "1" }),
  () => answer(302, { Location: "https://login.invalid/" }),
  () => answer(401),
  () => answer(403),
  () => answer(404),
  (chance) => ({ kind: "html", status: chance.pick([200, 403, 502]) }),
  () => ({ kind: "html", processed: true }),
  (chance) => ({ kind: "hang", forMs: 500 + chance.below(2_500) }),
  () => ({ kind: "cut", processed: false }),
  () => ({ kind: "cut", processed: true }),
  (chance) => ({ kind: "truncate", processed: chance.isHit(0.5) }),
  // Shorter than a killed sender's lock: what is still being processed must not meet its own successor.
  (chance) => ({ kind: "slow", delayMs: 100 + chance.below(1_900) }),
  (chance) => ({ kind: "refuse-assets", share: 0.1, shape: chance.pick(SHAPES) }),
];

function answer(status: number, headers: Record<string, string> = {}, body?: unknown): JsonFault {
  return { kind: "answer", status, headers, ...(body !== undefined && { body }) };
}

/** Up to three faults for some of the calls to come. */
export function drawFaults(chance: Chance): JsonFault[] {
  return Array.from({ length: 1 + chance.below(3) }, () => {
    const fault = chance.pick(CATALOG)(chance);
    return chance.isHit(0.6)
      ? { ...fault, times: 1 + chance.below(3) }
      : { ...fault, rate: 0.1 + chance.next() / 2, times: "always" };
  });
}
