import type { Doubt } from "@sluice/governor";
import type { Verdict } from "@sluice/inventory";
import { acknowledge } from "./acknowledge.ts";
import { bury } from "./bury.ts";
import { DOUBT_MS, examine } from "./examine.ts";
import { narrowDown, split } from "./narrow-down.ts";
import type { Answer, Disposition, Go, OutboundBatch, SendStageOptions } from "./outbound.ts";

/** Turns the verdict, and the doubt that the call has raised, into what happens to the batch. */
export async function conclude(
  options: SendStageOptions,
  batch: OutboundBatch,
  { call, isTrusted }: Go,
  { verdict, body }: Answer,
  doubt: Doubt | null,
): Promise<Disposition> {
  if (doubt !== null) {
    options.report({ event: "batch.doubted", batch: batch.number, reason: doubt.reason });
    return (await examine(options, batch, doubt)) ?? { kind: "later", delayMs: 0 };
  }
  switch (verdict.kind) {
    case "accepted":
      return await acknowledge(options, batch, call, []);
    case "accepted-in-part":
      return await concludeInPart(options, batch, call, verdict, body);
    case "refused":
      if (!isTrusted) return await goAhead(options, batch, verdict.message);
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
async function goAhead(
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
  ].filter((part) => part.length > 0);
  return await split(options, batch, parts, message, false);
}
