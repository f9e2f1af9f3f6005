import type { Account } from "./account.ts";
import type { Queues } from "./queues.ts";

/** How many chunks of a connector come back at once: each of them brings as many back when it is its turn. */
const BACK_MAX = 2;

/**
 * Whether a chunk may be settled now. A chunk of a backfill whose outbox is full is put off, and its job is done with: it gets
 * another one when there is room.
 */
export async function admitChunk(
  account: Account,
  queues: Queues,
  sequence: number,
): Promise<boolean> {
  return await admit(account, queues, sequence);
}

/** Brings chunks back that were put off, where there is room by now. */
export async function recallChunks(account: Account, queues: Queues): Promise<void> {
  await admit(account, queues, "");
}

async function admit(account: Account, queues: Queues, sequence: number | ""): Promise<boolean> {
  const [outcome, ...back] = await account.run("admit", sequence, account.outboxBytesMax, BACK_MAX);
  for (let at = 0; at < back.length; at += 2) {
    await queues.addChunkAgain(Number(back[at]), String(back[at + 1]));
  }
  return outcome === "ok";
}
