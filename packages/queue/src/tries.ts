import type { Account } from "./account.ts";

/** How often a record ended the process that transformed it alone, and how it did so last. */
export interface Deaths {
  count: number;
  how: string;
}

/**
 * Notes that this worker takes up a chunk. Resolves to how often workers have, this time included; 0 when it was settled
 * meanwhile. From two on, a worker took it up and never settled it.
 */
export async function beginTry(account: Account, sequence: number): Promise<number> {
  const [tries] = await account.run("try", sequence);
  return Number(tries);
}

/** Notes such an end. Resolves to how often this record has done that; 0 when the chunk was settled meanwhile. */
export async function noteDeath(
  account: Account,
  sequence: number,
  index: number,
  how: string,
): Promise<number> {
  const [deaths] = await account.run("died", sequence, index, how);
  return Number(deaths);
}

/** What was noted of each of the chunk's first records. */
export async function readDeaths(
  account: Account,
  sequence: number,
  records: number,
): Promise<Deaths[]> {
  if (records === 0) return [];
  const fields = Array.from({ length: records }, (_, index) => `died ${index}`);
  const notes = await account.client.hmget(account.key(`chunk:${sequence}`), ...fields);
  return notes.map((note) => {
    const [, count = "0", how = ""] = note?.match(/^(\d+) (.*)$/s) ?? [];
    return { count: Number(count), how };
  });
}
