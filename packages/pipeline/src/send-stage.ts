import { strict as assert } from "node:assert";
import { holdAfter, type NewHold, type Reading } from "@sluice/governor";
import {
  importPayload,
  type AssetError,
  type RejectedAsset,
  type Verdict,
} from "@sluice/inventory";
import type { Report } from "./events.ts";
import { identityOf, letterAbout } from "./refused-asset.ts";

const EVENT_MESSAGE_CHARS_MAX = 1_000;
/** Long enough for its fellows to be tried. */
const DOUBT_MS = 1_000;

/** A batch as the sender needs it. */
export interface OutboundBatch {
  number: number;
  connector: string;
  requestId: string;
  /** The assets: each the bytes of its JSON text. */
  bodies: readonly Buffer[];
}

type Permit =
  | {
      kind: "go";
      call: number;
      failures: number;
      refusals: number;
      isTrusted: boolean;
      ended: readonly EndedHold[];
    }
  | { kind: "wait"; scope: "account" | "connector"; delayMs: number; reason: string };

interface EndedHold {
  scope: string;
  reason: string;
  cause: string;
  sinceMs: number;
  endedMs: number;
}

interface Answer {
  verdict: Verdict;
  reading: Reading;
  status: number | null;
  elapsedMs: number;
  body: string;
}

interface MadeCall {
  call: number;
  batch: number;
  outcome: Verdict["kind"];
  isCounted: boolean;
  reading: Reading;
  hold: NewHold | null;
  bytesMax: number | null;
  entry: {
    atMs: number;
    requestId: string;
    status: number | null;
    assets: number;
    elapsedMs: number;
    verdict: string;
    message: string;
  };
}

/** What becomes of the batch's job. */
export type Disposition = { kind: "done" } | { kind: "later" } | { kind: "aside"; delayMs: number };

export interface SendStageOptions {
  /** Null when the batch is settled already. */
  load: (batch: number) => Promise<OutboundBatch | null>;
  reserve: (connector: string) => Promise<Permit>;
  /** Settles the call; tells whether the hold that follows is new. */
  settleCall: (made: MadeCall) => Promise<{ isNewHold: boolean }>;
  acknowledge: (
    batch: number,
    call: number,
    rejected: readonly RejectedAsset[],
  ) => Promise<{ delivered: number; dead: number }>;
  /** Makes several batches of one, adds their jobs to the front, tells their numbers; none when it is settled already. */
  split: (
    batch: OutboundBatch,
    parts: readonly (readonly Buffer[])[],
  ) => Promise<readonly number[]>;
  importAssets: (request: {
    requestId: string;
    payload: Buffer;
    assets: () => { sourceNativeKey: string; names: string[] }[];
  }) => Promise<Answer>;
  /** The `source` string of a connector's payloads. */
  sourceOf: (connector: string) => string;
  /** How old batch and permit may be when the call is made: after that the slot may be somebody else's. */
  permitMsMax: number;
  /** Milliseconds that only go forward, in this process. */
  monotonicMs: () => number;
  /** The time of day, for people. */
  nowMs: () => number;
  chance: () => number;
  report: Report;
}

/**
 * One batch, one call, and what follows. Each answer gives two independent results: a verdict on the batch and,
 * perhaps, a hold. Nothing waits in here: what can't be sent now goes back to the queue.
 */
export function createSendStage(options: SendStageOptions) {
  return async function send(number: number): Promise<Disposition> {
    const beganAtMs = options.monotonicMs();
    const batch = await options.load(number);
    if (batch === null) return { kind: "done" };
    const permit = await options.reserve(batch.connector);
    if (permit.kind === "wait") {
      return permit.scope === "account"
        ? { kind: "later" }
        : { kind: "aside", delayMs: permit.delayMs };
    }
    reportEnded(permit.ended, options.report);
    // Stopped and continued, this process may hold a batch that a standby has delivered long ago.
    if (options.monotonicMs() - beganAtMs > options.permitMsMax) {
      throw new Error(`Cannot send batch ${number}: its permit is too old; it will be tried again`);
    }
    const answer = await post(options, batch);
    await settle(options, batch, permit, answer);
    return await conclude(options, batch, permit, answer);
  };
}

async function post(options: SendStageOptions, batch: OutboundBatch): Promise<Answer> {
  const { requestId, connector, bodies } = batch;
  const source = options.sourceOf(connector);
  const payload = importPayload({ requestId, source, connectorUuid: connector, assets: bodies });
  return await options.importAssets({ requestId, payload, assets: () => bodies.map(identityOf) });
}

/** Frees the call's slot, tells what the answer said, and begins the hold that follows from it. */
async function settle(
  options: SendStageOptions,
  batch: OutboundBatch,
  permit: Permit & { kind: "go" },
  answer: Answer,
): Promise<void> {
  const made = madeCall(options, batch, permit, answer);
  const { isNewHold } = await options.settleCall(made);
  const { call, hold, reading, entry } = made;
  const { requestId, assets, status, verdict, elapsedMs } = entry;
  const { remaining } = reading;
  const sent = { batch: batch.number, call, requestId, assets, status, verdict };
  options.report({ event: "batch.sent", ...sent, elapsedMs, remaining });
  if (hold === null || !isNewHold) return;
  const { durationMs } = hold;
  const until = durationMs === null ? null : new Date(options.nowMs() + durationMs).toISOString();
  options.report({ event: "send.held", ...hold, until });
}

function madeCall(
  options: SendStageOptions,
  batch: OutboundBatch,
  permit: Permit & { kind: "go" },
  answer: Answer,
): MadeCall {
  const chance = options.chance();
  const { verdict, reading, status, elapsedMs } = answer;
  const { number, requestId, connector } = batch;
  const { call, failures, refusals, isTrusted } = permit;
  const outcome = verdict.kind;
  const message = "message" in verdict ? verdict.message : "";
  const assets = batch.bodies.length;
  const entry = { requestId, status, assets, elapsedMs, verdict: outcome, message };
  return {
    call,
    batch: number,
    outcome,
    isCounted: outcome !== "limited",
    reading,
    hold: holdAfter({
      outcome,
      message,
      reading,
      connector,
      failures,
      refusals,
      isTrusted,
      chance,
    }),
    bytesMax: outcome === "too-large" && assets > 1 ? Math.floor(bytesOf(batch) * 0.75) : null,
    entry: { atMs: options.nowMs(), ...entry },
  };
}

function bytesOf(batch: OutboundBatch): number {
  return batch.bodies.reduce((sum, body) => sum + body.length + 1, 0);
}

/** Turns the verdict into what happens to the batch. */
async function conclude(
  options: SendStageOptions,
  batch: OutboundBatch,
  { call, isTrusted }: Permit & { kind: "go" },
  { verdict, body }: Answer,
): Promise<Disposition> {
  switch (verdict.kind) {
    case "accepted":
      return await acknowledge(options, batch, call, []);
    case "accepted-in-part":
      return await concludeInPart(options, batch, call, verdict, body);
    case "refused":
      if (!isTrusted) return await doubt(options, batch, verdict.message);
      return await narrowDown(options, batch, call, verdict.kind, verdict.message);
    case "too-large":
      return await narrowDown(options, batch, call, verdict.kind, verdict.message);
    case "limited":
    case "unavailable":
    case "unknown":
    case "forbidden":
    case "wrong-address":
      return { kind: "later" };
  }
}

/** Errors with a name hit just that asset; while some have none, sending halves again finds out whose they are. */
async function concludeInPart(
  options: SendStageOptions,
  batch: OutboundBatch,
  call: number,
  verdict: Verdict & { kind: "accepted-in-part" },
  body: string,
): Promise<Disposition> {
  if (verdict.unplaced.length > 0) {
    const message = `${verdict.unplaced.join("; ")} (the answer: ${body})`;
    return await narrowDown(options, batch, call, "refused", message);
  }
  const rejected = verdict.rejected.map((error) => rejection(batch, "refused", error));
  return await acknowledge(options, batch, call, rejected);
}

/**
 * Nothing of this connector was ever accepted, so a refusal may be about the connector, not the assets: nobody is dead of it.
 * One asset of each quarter goes ahead; if they are refused alike, the connector is held. A single steps aside for them.
 */
async function doubt(
  options: SendStageOptions,
  batch: OutboundBatch,
  message: string,
): Promise<Disposition> {
  const { bodies } = batch;
  if (bodies.length === 1) return { kind: "aside", delayMs: DOUBT_MS };
  const quarter = Math.ceil(bodies.length / 4);
  const quarters = [0, 1, 2, 3].map((at) => bodies.slice(at * quarter, (at + 1) * quarter));
  const parts = [
    ...quarters.map((part) => part.slice(0, 1)),
    ...quarters.map((part) => part.slice(1)),
  ];
  return await split(
    options,
    batch,
    parts.filter((part) => part.length > 0),
    message,
  );
}

async function split(
  options: SendStageOptions,
  batch: OutboundBatch,
  parts: readonly (readonly Buffer[])[],
  message: string,
): Promise<Disposition> {
  const into = await options.split(batch, parts);
  if (into.length > 0) {
    options.report({ event: "batch.split", batch: batch.number, into, why: inShort(message) });
  }
  return { kind: "done" };
}

/** Halves a batch; a single asset that has its own refusal is dead. */
async function narrowDown(
  options: SendStageOptions,
  batch: OutboundBatch,
  call: number,
  reason: "refused" | "too-large",
  message: string,
): Promise<Disposition> {
  const { bodies } = batch;
  if (bodies.length === 1) {
    return await acknowledge(options, batch, call, [
      rejection(batch, reason, { index: 0, message }),
    ]);
  }
  const middle = Math.ceil(bodies.length / 2);
  return await split(options, batch, [bodies.slice(0, middle), bodies.slice(middle)], message);
}

function rejection(
  batch: OutboundBatch,
  reason: "refused" | "too-large",
  { index, message }: AssetError,
): RejectedAsset {
  const body = batch.bodies[index];
  assert(body !== undefined, `Cannot reject asset ${index} of batch ${batch.number}: it has fewer`);
  return { index, letter: letterAbout(body, reason, message, batch) };
}

async function acknowledge(
  options: SendStageOptions,
  batch: OutboundBatch,
  call: number,
  rejected: readonly RejectedAsset[],
): Promise<Disposition> {
  const { number } = batch;
  const { delivered, dead } = await options.acknowledge(number, call, rejected);
  // Another sender has settled it meanwhile, and reported it.
  if (delivered + dead === 0) return { kind: "done" };
  options.report({ event: "batch.accepted", batch: number, delivered, dead });
  const [first] = rejected;
  if (first !== undefined) {
    const message = inShort(first.letter.message);
    options.report({ event: "assets.refused", batch: number, assets: rejected.length, message });
  }
  return { kind: "done" };
}

/** Tells of holds that have ended, each with how long it was. */
export function reportEnded(ended: readonly EndedHold[], report: Report): void {
  for (const { scope, reason, cause, sinceMs, endedMs } of ended) {
    report({ event: "send.resumed", scope, reason, cause, heldMs: endedMs - sinceMs });
  }
}

/** An event is a line to read; the letter has the whole. */
function inShort(message: string): string {
  return message.slice(0, EVENT_MESSAGE_CHARS_MAX);
}
