import { split } from "./narrow-down.ts";
import type { Disposition, OutboundBatch, SendStageOptions } from "./outbound.ts";

/** Long enough for a canary, or another batch, to be answered. */
export const DOUBT_MS = 1_000;

/**
 * Nobody can tell whether a refusal is about the connector or the assets, so nobody is dead of it. One asset of each quarter
 * goes ahead; if they are refused alike, the connector is held. A single steps aside for them.
 */
export async function goAhead(
  options: SendStageOptions,
  batch: OutboundBatch,
  message: string,
): Promise<Disposition> {
  const { bodies } = batch;
  if (bodies.length === 1) return { kind: "aside", delayMs: DOUBT_MS };
  const quarter = Math.ceil(bodies.length / 4);
  const quarters = [0, 1, 2, 3].map((at) => bodies.slice(at * quarter, (at + 1) * quarter));
  const parts = quarters
    .flatMap((part) => [part.slice(0, 1), part.slice(1)])
    .filter((part) => part.length > 0);
  return await split(options, batch, parts, message, false);
}
