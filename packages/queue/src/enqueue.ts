import type { ChunkContent } from "@sluice/inventory";
import type { Account } from "./account.ts";
import { packChunk } from "./chunk.ts";
import type { Queues } from "./queues.ts";
import type { Lane, RunState } from "./runs.ts";

export interface EnqueueOptions {
  run: string;
  lane: Lane;
  /** Who enqueues, and which of its chunks this is (from 1): a repeated call is the same call. */
  producer: string;
  ordinal: number;
  /** How many records the run must have before this chunk, so that two producers can't mix. Default: no matter. */
  position?: number;
}

export type Enqueued =
  | { kind: "enqueued"; sequence: number }
  /** Too many bytes wait already: try again when some were delivered. */
  | { kind: "full" }
  /** Somebody else has enqueued into the run meanwhile. */
  | { kind: "moved" }
  | { kind: "closed"; state: RunState | "unknown" };

/** Stores a chunk, enters it in the run's books and adds its job. Safe to repeat after a lost answer. */
export async function enqueueChunk(
  account: Account,
  queues: Queues,
  options: EnqueueOptions,
  content: ChunkContent,
): Promise<Enqueued> {
  const enqueued = await storeChunk(account, options, content);
  if (enqueued.kind !== "enqueued") return enqueued;
  return await fullWhenOutOfMemory(async () => {
    await queues.addChunk(options.lane, enqueued.sequence);
    return enqueued;
  });
}

/** The first half: after it nothing can be lost; the job is added by the sweep if this process dies now. */
export async function storeChunk(
  account: Account,
  options: EnqueueOptions,
  content: ChunkContent,
): Promise<Enqueued> {
  const body = packChunk(content);
  return await fullWhenOutOfMemory(async () => {
    const [kind, value] = await account.run(
      "enqueue",
      options.run,
      options.producer,
      options.ordinal,
      content.records.length,
      body,
      account.queueBytesMax,
      options.position ?? -1,
    );
    if (kind === "ok") return { kind: "enqueued", sequence: Number(value) };
    if (kind === "closed") return { kind: "closed", state: value as RunState | "unknown" };
    return { kind: kind === "moved" ? kind : "full" };
  });
}

/** A Redis at its `maxmemory` is as full as one at our own bound: the same call later is right in both cases. */
async function fullWhenOutOfMemory(enqueue: () => Promise<Enqueued>): Promise<Enqueued> {
  try {
    return await enqueue();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("OOM")) return { kind: "full" };
    throw error;
  }
}
