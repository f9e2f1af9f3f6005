import { bury } from "./bury.ts";
import type { Disposition, OutboundBatch, SendStageOptions } from "./outbound.ts";
import { inShort } from "./refused-asset.ts";

/** Halves a batch; a single asset that has its own refusal is dead. */
export async function narrowDown(
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
  const halves = [bodies.slice(0, middle), bodies.slice(middle)];
  return await split(options, batch, halves, message, reason === "refused");
}

/** Makes several batches of one. */
export async function split(
  options: SendStageOptions,
  batch: OutboundBatch,
  parts: readonly (readonly Buffer[])[],
  message: string,
  isGuilty: boolean,
): Promise<Disposition> {
  const into = await options.split(batch, parts, isGuilty);
  if (into.length > 0) {
    options.report({ event: "batch.split", batch: batch.number, into, why: inShort(message) });
  }
  return { kind: "done" };
}
