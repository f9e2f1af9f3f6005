import type { ChunkContent } from "@sluice/inventory";
import type { Account } from "./account.ts";
import { packChunk } from "./chunk.ts";
import type { Queues } from "./queues.ts";
import type { Lane, RunState } from "./runs.ts";
import type { Reply } from "./scripts.ts";

export interface EnqueueOptions {
  run: string;
  lane: Lane;
  /** Who enqueues, and which of its chunks this is (from 1): a repeated call is the same call. */
  producer: string;
  ordinal: number;
  /** How many records the run must have before this chunk, so that two producers can't mix. Default: no matter. */
  position?: number;
  /** The parts of the chunk that a client may send again. Default: none. */
  claims?: readonly Claim[];
}

/**
 * Content that counts once, however often it is sent within a day: held from the moment in which its chunk is stored.
 * No two claims of a chunk have the same id.
 */
export interface Claim {
  /** Letters, digits, `-` and `_`. */
  id: string;
  /** Of the content, without white space: the same id with another one is a mistake of whoever sends it. */
  fingerprint: string;
}

/** A claim that is held already: by its place in the list, with the run that has its content; null for other content. */
export interface HeldClaim {
  index: number;
  run: string | null;
}

export type Enqueued =
  | { kind: "enqueued"; sequence: number }
  /** Some of it was enqueued before, and now nothing was: leave that out, and try again with another ordinal. */
  | { kind: "claimed"; held: readonly HeldClaim[] }
  /** Too many bytes wait already: try again when some were delivered. */
  | { kind: "full" }
  /** Somebody else has enqueued into the run meanwhile. */
  | { kind: "moved" }
  /** The run's connector takes nothing until it is enabled again. */
  | { kind: "disabled" }
  | { kind: "closed"; state: RunState | "unknown" };

const CLAIM_MS = 24 * 3_600_000;

/** Stores a chunk, enters it in the run's books and adds its job. Safe to repeat after a lost answer. */
export async function enqueueChunk(
  account: Account,
  queues: Queues,
  options: EnqueueOptions,
  content: ChunkContent,
): Promise<Enqueued> {
  const enqueued = await storeChunk(account, options, content);
  if (enqueued.kind === "enqueued") await queues.addChunk(options.lane, enqueued.sequence);
  return enqueued;
}

/** The first half: after it nothing can be lost; the job is added by the sweep if this process dies now. */
export async function storeChunk(
  account: Account,
  options: EnqueueOptions,
  content: ChunkContent,
): Promise<Enqueued> {
  const body = packChunk(content);
  return await fullWhenOutOfMemory(async () => {
    const reply = await account.run(
      "enqueue",
      options.run,
      options.producer,
      options.ordinal,
      content.records.length,
      body,
      account.queueBytesMax,
      account.memoryPercentMax / 100,
      options.position ?? -1,
      CLAIM_MS,
      ...(options.claims ?? []).flatMap(({ id, fingerprint }) => [id, fingerprint]),
    );
    const [kind, value] = reply;
    if (kind === "ok") return { kind: "enqueued", sequence: Number(value) };
    if (kind === "claimed") return { kind, held: heldClaims(reply.slice(1)) };
    if (kind === "closed") return { kind: "closed", state: value as RunState | "unknown" };
    return { kind: kind === "moved" || kind === "disabled" ? kind : "full" };
  });
}

function heldClaims(pairs: readonly Reply[]): HeldClaim[] {
  return Array.from({ length: pairs.length / 2 }, (_, at) => ({
    index: Number(pairs[at * 2]),
    run: String(pairs[at * 2 + 1]) || null,
  }));
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
