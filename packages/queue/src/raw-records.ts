import { recordsByVersion, type RawRecord } from "@sluice/inventory";
import type { Account } from "./account.ts";
import { unpackChunk } from "./chunk.ts";

/**
 * The records that assets of a batch were made of, as their source had them; the segments keep them until the batch is
 * settled. Null for one whose segment is gone.
 */
export async function rawRecords(
  account: Account,
  batch: number,
  indexes: readonly number[],
): Promise<(RawRecord | null)[]> {
  const [members, places] = await account.client.hmgetBuffer(
    account.key(`batch:${batch}`),
    "m",
    "s",
  );
  if (!members || !places) return indexes.map(() => null);
  const origins = indexes.map((index) => ({
    index,
    segment: places.readUIntBE(index * 8, 6),
    version: members.readUIntBE(index * 36 + 24, 6),
  }));
  const found = new Map<number, RawRecord>();
  // One segment at a time: unpacked, each may be large.
  for (const [segment, group] of Map.groupBy(origins, (origin) => origin.segment)) {
    const records = await loadRecords(account, segment);
    for (const origin of group) {
      const record = records.get(origin.version);
      if (record !== undefined) found.set(origin.index, record);
    }
  }
  return indexes.map((index) => found.get(index) ?? null);
}

/** The records of the chunk that a segment was made of, by version. */
async function loadRecords(account: Account, segment: number): Promise<Map<number, RawRecord>> {
  const packed = await account.client.hgetBuffer(account.key(`seg:${segment}`), "raw");
  return packed === null ? new Map() : recordsByVersion(unpackChunk(packed), segment);
}
