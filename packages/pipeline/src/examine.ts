import { judgeDoubt, type Doubt } from "@sluice/governor";
import { DOUBT_MS, goAhead } from "./go-ahead.ts";
import { narrowDown } from "./narrow-down.ts";
import type { Disposition, OutboundBatch, SendStageOptions } from "./outbound.ts";

/**
 * What becomes of a doubtful batch, before it is sent once more: halved if it is guilty, sent if it is innocent (null),
 * and as long as nobody knows, aside, while a canary finds out.
 */
export async function examine(
  options: SendStageOptions,
  batch: OutboundBatch,
  doubt: Doubt,
): Promise<Disposition | null> {
  switch (judgeDoubt(doubt, await options.evidence(batch))) {
    case "innocent":
      return null;
    case "guilty":
      return await narrowDown(options, batch, doubt.call, "refused", messageOf(doubt));
    case "open":
      return await findOut(options, batch, doubt);
  }
}

async function findOut(
  options: SendStageOptions,
  batch: OutboundBatch,
  doubt: Doubt,
): Promise<Disposition | null> {
  const probe = await options.probe(batch.number);
  switch (probe.kind) {
    case "sent":
      return { kind: "aside", delayMs: DOUBT_MS };
    case "held":
      return { kind: "aside", delayMs: probe.delayMs };
    case "gone":
      return { kind: "done" };
    case "none":
      break;
  }
  // Nobody can be asked: the assets go ahead of each other, and failures give way to other batches.
  if (doubt.reason === "refused" && batch.bodies.length > 1) {
    return await goAhead(options, batch, doubt.message);
  }
  const areOthersFirst = doubt.reason === "unavailable" && probe.others > 0;
  return areOthersFirst ? { kind: "aside", delayMs: DOUBT_MS } : null;
}

function messageOf({ reason, message }: Doubt): string {
  if (reason === "refused") return message;
  return `Qualys takes others of this connector, but not this: ${message}`;
}
