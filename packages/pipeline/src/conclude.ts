import type { Verdict } from "@sluice/inventory";
import { acknowledge } from "./acknowledge.ts";
import { bury } from "./bury.ts";
import { examine } from "./examine.ts";
import { goAhead } from "./go-ahead.ts";
import { narrowDown } from "./narrow-down.ts";
import type {
  Answer,
  Disposition,
  Go,
  OutboundBatch,
  SendStageOptions,
  SettledCall,
} from "./outbound.ts";

/** Turns the verdict, and the doubt that the call has raised, into what happens to the batch. */
export async function conclude(
  options: SendStageOptions,
  batch: OutboundBatch,
  { call }: Go,
  { verdict, body }: Answer,
  { doubt, isTrusted }: SettledCall,
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
    case "unauthorized":
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
