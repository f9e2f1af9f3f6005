import { strict as assert } from "node:assert";
import type { AssetError, RejectedAsset, Verdict } from "@sluice/inventory";
import type { Answer, Disposition, Go, OutboundBatch, SendStageOptions } from "./outbound.ts";
import { letterAbout } from "./refused-asset.ts";

const EVENT_MESSAGE_CHARS_MAX = 1_000;
/** Long enough for its fellows to be tried. */
const DOUBT_MS = 1_000;

/** Turns the verdict into what happens to the batch. */
export async function conclude(
  options: SendStageOptions,
  batch: OutboundBatch,
  { call, isTrusted }: Go,
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
      // What has to be waited for is a hold by now.
      return { kind: "later", delayMs: 0 };
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
  return await bury(options, batch, call, "refused", verdict.rejected);
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
    return await bury(options, batch, call, reason, [{ index: 0, message }]);
  }
  const middle = Math.ceil(bodies.length / 2);
  return await split(options, batch, [bodies.slice(0, middle), bodies.slice(middle)], message);
}

/** Ends a batch; each asset with an error of its own becomes a dead letter. */
async function bury(
  options: SendStageOptions,
  batch: OutboundBatch,
  call: number,
  reason: "refused" | "too-large",
  errors: readonly AssetError[],
): Promise<Disposition> {
  const { number, requestId, bodies } = batch;
  const indexes = errors.map(({ index }) => index);
  const beyond = indexes.find((index) => index >= bodies.length);
  assert(beyond === undefined, `Cannot reject asset ${beyond} of batch ${number}: it has fewer`);
  const records = await options.rawOf(number, indexes);
  const unknown = { source: `batch ${number}, request ${requestId}`, line: 0, raw: "" };
  const rejected = errors.map(({ index, message }, at): RejectedAsset => {
    const body = bodies[index] ?? Buffer.alloc(0);
    return { index, letter: letterAbout(body, reason, message, records[at] ?? unknown) };
  });
  return await acknowledge(options, batch, call, rejected);
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

/** An event is a line to read; the letter has the whole. */
function inShort(message: string): string {
  return message.slice(0, EVENT_MESSAGE_CHARS_MAX);
}
