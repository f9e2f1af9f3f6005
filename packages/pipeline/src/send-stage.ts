import type { EndedHold } from "@sluice/governor";
import { importPayload } from "@sluice/inventory";
import { conclude } from "./conclude.ts";
import type { Report } from "./events.ts";
import type {
  Answer,
  Disposition,
  Go,
  MadeCall,
  OutboundBatch,
  SendStageOptions,
} from "./outbound.ts";
import { identityOf } from "./refused-asset.ts";

/**
 * One batch, one call, and what follows. Each answer gives two independent results: a verdict on the batch and,
 * perhaps, a hold. Nothing waits in here: what can't be sent now goes back to the queue.
 */
export function createSendStage(options: SendStageOptions) {
  return async function send(number: number): Promise<Disposition> {
    const beganAtMs = options.monotonicMs();
    const batch = await options.load(number);
    if (batch === null) return { kind: "done" };
    const permit = await options.reserve(batch.connector, batch.lane);
    if (permit.kind === "wait") {
      return { kind: permit.scope === "account" ? "later" : "aside", delayMs: permit.delayMs };
    }
    reportEnded(permit.ended, options.report);
    // Stopped and continued, this process may hold a batch that a standby has delivered long ago.
    const isFresh = () => options.monotonicMs() - beganAtMs <= options.permitMsMax;
    if (!isFresh()) {
      await options.release(permit.call);
      throw new Error(`Cannot send batch ${number}: its permit is too old; it will be tried again`);
    }
    const answer = await post(options, batch, isFresh);
    await settle(options, batch, permit, answer);
    return await conclude(options, batch, permit, answer);
  };
}

async function post(
  options: SendStageOptions,
  batch: OutboundBatch,
  mayPost: () => boolean,
): Promise<Answer> {
  const { requestId, connector, bodies } = batch;
  const source = options.sourceOf(connector);
  const payload = importPayload({ requestId, source, connectorUuid: connector, assets: bodies });
  return await options.importAssets({
    requestId,
    payload,
    mayPost,
    assets: () => bodies.map(identityOf),
  });
}

/** Frees the call's slot, tells what the answer said, and begins the hold that follows from it. */
async function settle(
  options: SendStageOptions,
  batch: OutboundBatch,
  permit: Go,
  answer: Answer,
): Promise<void> {
  const made = madeCall(options, batch, permit, answer);
  const { hold, isNewHold, callsToGo, doneAtMs } = await options.settleCall(made);
  const { call, reading, entry } = made;
  const { requestId, assets, status, verdict, elapsedMs } = entry;
  const { remaining } = reading;
  const sent = { batch: batch.number, call, requestId, assets, status, verdict };
  options.report({ event: "batch.sent", ...sent, elapsedMs, remaining });
  if (hold === null || !isNewHold) return;
  const { durationMs } = hold;
  const until = durationMs === null ? null : instant(options.nowMs() + durationMs);
  const done = doneAtMs === null ? null : instant(doneAtMs);
  options.report({ event: "send.held", ...hold, until, callsToGo, done });
}

function instant(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

function madeCall(
  options: SendStageOptions,
  batch: OutboundBatch,
  { call }: Go,
  answer: Answer,
): MadeCall {
  const { verdict, reading, status, elapsedMs } = answer;
  const { number, requestId, connector } = batch;
  const outcome = verdict.kind;
  const message = "message" in verdict ? verdict.message : "";
  const assets = batch.bodies.length;
  const entry = { requestId, status, assets, elapsedMs, verdict: outcome, message };
  return {
    call,
    batch: number,
    connector,
    outcome,
    cause: verdict.kind === "limited" ? verdict.cause : "rate",
    message,
    assets,
    elapsedMs,
    reading,
    chance: options.chance(),
    bytesMax: outcome === "too-large" && assets > 1 ? Math.floor(bytesOf(batch) * 0.75) : null,
    entry: { atMs: options.nowMs(), ...entry },
  };
}

function bytesOf(batch: OutboundBatch): number {
  return batch.bodies.reduce((sum, body) => sum + body.length + 1, 0);
}

/** Tells of holds that have ended, each with how long it was. */
export function reportEnded(ended: readonly EndedHold[], report: Report): void {
  for (const { scope, reason, cause, sinceMs, endedMs } of ended) {
    report({ event: "send.resumed", scope, reason, cause, heldMs: endedMs - sinceMs });
  }
}
