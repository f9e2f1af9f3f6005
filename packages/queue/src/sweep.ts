import type { Account } from "./account.ts";
import { oldBatches, oldChunks } from "./batches.ts";
import { NewerFormatError } from "./format.ts";
import { fillBatch } from "./outbox.ts";
import type { Queues } from "./queues.ts";
import type { Lane } from "./runs.ts";

export interface SweepOptions {
  /** How long a chunk may wait before its job is added again. Default 30,000. */
  chunkAgeMs?: number;
  /** How long a batch may be unsettled before it is looked after. Default 10,000. */
  batchAgeMs?: number;
}

/**
 * Repairs what a crash left between two steps: a chunk without a job, a batch without a body or a job. Jobs are
 * named after what they point to, so where all is well this changes nothing.
 */
export async function sweep(
  account: Account,
  queues: Queues,
  options: SweepOptions = {},
): Promise<void> {
  for (const sequence of await oldChunks(account, options.chunkAgeMs ?? 30_000)) {
    const lane = await account.client.hget(account.key(`chunk:${sequence}`), "l");
    if (lane !== null) await queues.addChunk(lane as Lane, sequence);
  }
  for (const batch of await oldBatches(account, options.batchAgeMs ?? 10_000)) {
    if (!(await isFilled(account, batch))) continue;
    const lane = await account.client.hget(account.key(`batch:${batch}`), "l");
    await queues.addBatch(batch, lane === "live" ? lane : "backfill");
  }
}

/** Gives a batch its body if it has none; false when only a newer process can. */
async function isFilled(account: Account, batch: number): Promise<boolean> {
  try {
    await fillBatch(account, batch);
    return true;
  } catch (error) {
    if (error instanceof NewerFormatError) return false;
    throw error;
  }
}
