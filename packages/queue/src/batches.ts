import { strict as assert } from "node:assert";
import { randomUUID } from "node:crypto";
import type { Doubt, Evidence, Failures } from "@sluice/governor";
import type { LetterContent, RejectedAsset } from "@sluice/inventory";
import type { Account } from "./account.ts";
import { look } from "./governor.ts";
import { packLines, unpackLines } from "./packing.ts";
import type { Lane } from "./runs.ts";

const REMEMBERED_CHARS_MAX = 500;

/** Assets that travel in one call. */
export interface Batch {
  number: number;
  connector: string;
  /** `live` when one of its assets is. */
  lane: Lane;
  /** The same for every attempt, so that a repeated delivery is the same delivery. */
  requestId: string;
  /** The assets: each the bytes of its JSON text. */
  bodies: readonly Buffer[];
  /** One asset that Qualys took before, sent again to see whether it still does. */
  isCanary: boolean;
  /** Part of a batch that was found guilty. */
  isSuspect: boolean;
  /** What it has met with. */
  failures: Failures | null;
  doubt: Doubt | null;
}

/** The batch of that number; null when it is settled. */
export async function loadBatch(account: Account, number: number): Promise<Batch | null> {
  const [connector, requestId, body, lane, canary, suspect, failures, doubt] =
    await account.client.hmgetBuffer(
      account.key(`batch:${number}`),
      "c",
      "q",
      "b",
      "l",
      "canary",
      "suspect",
      "failures",
      "doubt",
    );
  if (!connector || !requestId || !body) return null;
  const bodies = unpackLines(body);
  return {
    number,
    connector: connector.toString(),
    lane: lane?.toString() === "live" ? "live" : "backfill",
    requestId: requestId.toString(),
    bodies,
    isCanary: Boolean(canary),
    isSuspect: Boolean(suspect),
    failures: parse(failures) as Failures | null,
    doubt: parse(doubt) as Doubt | null,
  };
}

function parse(json: Buffer | null | undefined): unknown {
  return json ? JSON.parse(json.toString()) : null;
}

/** What other batches of its connector have met with of late. */
export async function readEvidence(
  account: Account,
  { connector, number }: Pick<Batch, "connector" | "number">,
): Promise<Evidence> {
  const [accepted, vouched, failed, failedBefore] = await account.client.hmget(
    account.key(`connector:${connector}`),
    "acceptedCall",
    "vouchedCall",
    "failed",
    "failedBefore",
  );
  // Each is "call batch".
  const [newest, before] = [failed, failedBefore].map((text) => (text ?? "0 0").split(" "));
  const failedCall = Number((newest?.[1] === String(number) ? before : newest)?.[0]);
  return { acceptedCall: Number(accepted ?? 0), vouchedCall: Number(vouched ?? 0), failedCall };
}

/** What ending a batch came to. */
export interface Acknowledged {
  delivered: number;
  dead: number;
  /** Assets of the connector that were decided of late, and those of them that Qualys refused. */
  ofLate: { decided: number; refused: number };
}

/**
 * Ends a batch: delivered but for the rejected. The smallest asset that was taken is kept as the connector's canary. Safe to
 * repeat: the second time changes nothing.
 */
export async function acknowledge(
  account: Account,
  { number, bodies }: Pick<Batch, "number" | "bodies">,
  call: number,
  rejected: readonly RejectedAsset[],
): Promise<Acknowledged> {
  const dead = new Set(rejected.map(({ index }) => index));
  const takenBytes = bodies.map((body, index) => (dead.has(index) ? Infinity : body.length));
  const leastBytes = Math.min(...takenBytes);
  const canary = Number.isFinite(leastBytes) ? takenBytes.indexOf(leastBytes) : -1;
  const asset = bodies[canary];
  const reply = await account.run(
    "acknowledge",
    number,
    call,
    canary,
    asset === undefined ? "" : packLines([asset]),
    ...rejected.flatMap(({ index, letter }) => [index, JSON.stringify(letter), whyOf(letter)]),
  );
  const [delivered, buried, decided, refused] = reply.slice(1).map((count) => Number(count));
  return {
    delivered: delivered ?? 0,
    dead: buried ?? 0,
    ofLate: { decided: decided ?? 0, refused: refused ?? 0 },
  };
}

/** What is remembered of a refusal, to say why its content is not sent again. */
function whyOf({ reason, message }: LetterContent): string {
  return JSON.stringify({ reason, message: message.slice(0, REMEMBERED_CHARS_MAX) });
}

/** Makes several batches of one, in order; suspects if it was found guilty. Returns their numbers; none when it is settled already. */
export async function splitBatch(
  account: Account,
  batch: Batch,
  parts: readonly (readonly Buffer[])[],
  isGuilty = false,
): Promise<number[]> {
  const isInOrder = parts.flat().every((body, at) => batch.bodies[at]?.equals(body));
  assert(isInOrder, `Cannot split batch ${batch.number}: its parts are in another order`);
  const args = parts.flatMap((bodies) => [bodies.length, randomUUID(), packLines(bodies)]);
  const reply = await account.run("split", batch.number, isGuilty ? 1 : 0, ...args);
  return reply.slice(1).map(Number);
}

/** Puts a batch of suspects aside until a call is spare; cutting takes it back. */
export async function quarantineBatch(account: Account, batch: number): Promise<void> {
  await account.run("quarantine", batch);
}

/** What can be done to learn whether a doubtful batch or its connector is to blame. */
export type Probe =
  /** A canary is on its way: this batch. */
  | { kind: "sent"; canary: number }
  /** Nothing is sent now. */
  | { kind: "held"; delayMs: number }
  /** There is no asset to ask with; so many other batches of the connector are unsettled. */
  | { kind: "none"; others: number }
  /** The doubtful batch is settled. */
  | { kind: "gone" };

/** Sends an asset again that Qualys took before, unless one is on its way. Its job is to be added. */
export async function sendCanary(account: Account, doubtful: number): Promise<Probe> {
  const [kind, value] = await account.run("canary", doubtful, randomUUID());
  if (kind === "sent") return { kind, canary: Number(value) };
  if (kind === "held") return { kind, delayMs: Number(value) };
  return kind === "none" ? { kind, others: Number(value) } : { kind: "gone" };
}

/** Batches cut before that age and not settled: their job, or their body, may have been lost with a process. */
export async function oldBatches(account: Account, ageMs: number): Promise<number[]> {
  const before = (await look(account)).nowMs - ageMs;
  const members = await account.client.zrangebyscore(account.key("batches"), "-inf", before);
  return members.map(Number);
}
