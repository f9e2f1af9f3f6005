import type { EndedHold } from "@sluice/governor";
import { importPayload } from "@sluice/inventory";
import { conclude } from "./conclude.ts";
import type { Report } from "./events.ts";
import { examine } from "./examine.ts";
import type {
  Answer,
  Disposition,
  Go,
  MadeCall,
  OutboundBatch,
  SendStageOptions,
  SettledCall,
  Wait,
} from "./outbound.ts";
import { identityOf } from "./refused-asset.ts";

/**
 * One batch, one call, and what follows. Each answer gives two independent results: a verdict on the batch and,
 * perhaps, a hold. Nothing waits in here: what can't be sent now goes back to the queue.
 */
export function createSendStage(options: SendStageOptions) {
  return async function send(number: number): Promise<Disposition> {
    const beganAtMs = options.monotonicMs();
    const loaded = await options.load(number);
    if (loaded === null) return { kind: "done" };
    const decided = loaded.doubt === null ? null : await examine(options, loaded, loaded.doubt);
    if (decided !== null) return decided;
    // Found innocent, it begins anew.
    const batch = loaded.doubt === null ? loaded : { ...loaded, failures: null };
    const permit = await options.reserve(batch);
    if (permit.kind === "wait") return await putOff(options, batch, permit);
    reportEnded(permit.ended, options.report);
    // Stopped and continued, this process may hold a batch that a standby has delivered long ago.
    const isFresh = () => options.monotonicMs() - beganAtMs <= options.permitMsMax;
    if (!isFresh()) {
      await options.release(permit.call);
      throw new Error(`Cannot send batch ${number}: its permit is too old; it will be tried again`);
    }
    const answer = await post(options, batch, isFresh);
    const settled = await settle(options, batch, permit, answer);
    return await conclude(options, batch, permit, answer, settled);
  };
}

async function putOff(
  options: SendStageOptions,
  { number, bodies }: OutboundBatch,
  { scope, delayMs }: Wait,
): Promise<Disposition> {
  if (scope !== "suspects") return { kind: scope === "account" ? "later" : "aside", delayMs };
  await options.quarantine(number);
  options.report({ event: "batch.quarantined", batch: number, assets: bodies.length });
  return { kind: "done" };
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
): Promise<SettledCall> {
  const made = madeCall(options, batch, permit, answer);
  const settled = await options.settleCall(made);
  const { hold, isNewHold, callsToGo, doneAtMs } = settled;
  const { call, reading, entry } = made;
  const { requestId, assets, status, verdict, elapsedMs } = entry;
  const { remaining } = reading;
  const sent = { batch: batch.number, call, requestId, assets, status, verdict };
  options.report({ event: "batch.sent", ...sent, elapsedMs, remaining });
  if (hold === null || !isNewHold) return settled;
  const { durationMs } = hold;
  const until = durationMs === null ? null : instant(options.nowMs() + durationMs);
  const done = doneAtMs === null ? null : instant(doneAtMs);
  options.report({ event: "send.held", ...hold, until, callsToGo, done });
  return settled;
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
  const { number, requestId, connector, isCanary, isSuspect, failures } = batch;
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
    status,
    message,
    mayBeBatch: verdict.kind === "forbidden" && verdict.mayBeBatch,
    isCanary,
    isSuspect,
    failures,
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
