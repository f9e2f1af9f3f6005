import { isTooMuchRefused } from "@sluice/governor";
import type { RejectedAsset } from "@sluice/inventory";
import type { Disposition, OutboundBatch, SendStageOptions } from "./outbound.ts";
import { inShort } from "./refused-asset.ts";

/** Ends a batch. Where too many assets of its connector are refused, an operator has to look before more are sent. */
export async function acknowledge(
  options: SendStageOptions,
  batch: OutboundBatch,
  call: number,
  rejected: readonly RejectedAsset[],
): Promise<Disposition> {
  const { number, connector } = batch;
  const { delivered, dead, ofLate } = await options.acknowledge(batch, call, rejected);
  // Another sender has settled it meanwhile, and reported it; or it was a canary.
  if (delivered + dead === 0) return { kind: "done" };
  options.report({ event: "batch.accepted", batch: number, delivered, dead });
  const [first] = rejected;
  if (first === undefined) return { kind: "done" };
  const message = inShort(first.letter.message);
  options.report({ event: "assets.refused", batch: number, assets: rejected.length, message });
  if (isTooMuchRefused(ofLate)) {
    const { refused, decided } = ofLate;
    await options.hold({
      scope: connector,
      reason: "refused",
      durationMs: null,
      message: `${refused} of the last ${decided} assets were refused; see sluice dead list, then sluice resume; the last: ${message}`,
    });
  }
  return { kind: "done" };
}
