import type { Account } from "./account.ts";
import { oldBatches } from "./batches.ts";
import { disabledConnectors } from "./disabled.ts";
import { NewerFormatError } from "./format.ts";
import { look } from "./governor.ts";
import { fillBatch } from "./outbox.ts";
import type { Queues } from "./queues.ts";
import { waitingChunks } from "./waiting-chunks.ts";

export interface SweepOptions {
  /** How long a chunk may wait before its job is added again. Default 30,000. */
  chunkAgeMs?: number;
  /** How long a batch may be unsettled before it is looked after. Default 10,000. */
  batchAgeMs?: number;
}

/**
 * Repairs what a crash left between two steps: a chunk without a job, a batch without a body or a job. Jobs are
 * named after what they point to, so where all is well this changes nothing. Chunks of a disabled connector have no jobs.
 */
export async function sweep(
  account: Account,
  queues: Queues,
  options: SweepOptions = {},
): Promise<void> {
  await addLostChunks(account, queues, options.chunkAgeMs ?? 30_000);
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

/** A hundred of a connector at a time: those of its oldest chunks, without whose jobs nothing of it goes on. */
const CHUNKS_ADDED_MAX = 100;

async function addLostChunks(account: Account, queues: Queues, ageMs: number): Promise<void> {
  const untilMs = (await look(account)).nowMs - ageMs;
  const disabled = await disabledConnectors(account);
  const added = new Map<string, number>();
  for await (const { sequence, connector, lane } of waitingChunks(account, untilMs)) {
    const count = added.get(connector) ?? 0;
    if (disabled.has(connector) || count === CHUNKS_ADDED_MAX) continue;
    await queues.addChunk(lane, sequence);
    added.set(connector, count + 1);
  }
}
