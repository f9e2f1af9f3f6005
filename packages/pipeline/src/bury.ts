import { strict as assert } from "node:assert";
import type { AssetError, RejectedAsset } from "@sluice/inventory";
import { acknowledge } from "./acknowledge.ts";
import { letterAbout } from "./letter.ts";
import type { Disposition, OutboundBatch, SendStageOptions } from "./outbound.ts";

/** Ends a batch; each asset with an error of its own becomes a dead letter. */
export async function bury(
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
