import type { Account } from "@sluice/queue";

/** Chunks that a worker has to settle; those that are put off until more was sent are not among them. */
export async function dueChunks({ client, base }: Account): Promise<number> {
  return await client.zcount(`${base}chunks`, "-inf", "(inf");
}
