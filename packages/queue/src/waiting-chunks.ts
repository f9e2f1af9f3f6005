import type { Account } from "./account.ts";
import type { Lane } from "./runs.ts";

/** A chunk that no worker has settled. */
export interface WaitingChunk {
  sequence: number;
  connector: string;
  lane: Lane;
  records: number;
}

/** Chunks looked at in one round trip. */
const PAGE_CHUNKS = 500;

/** The chunks that were stored before then and wait, the oldest first. @param untilMs by the account's clock; default: all */
export async function* waitingChunks(
  account: Account,
  untilMs = Infinity,
): AsyncGenerator<WaitingChunk> {
  const { client } = account;
  const until = Number.isFinite(untilMs) ? untilMs : "+inf";
  const sequences = await client.zrangebyscore(account.key("chunks"), "-inf", until);
  for (let at = 0; at < sequences.length; at += PAGE_CHUNKS) {
    const page = sequences.slice(at, at + PAGE_CHUNKS);
    const pipeline = client.pipeline();
    for (const sequence of page) pipeline.hmget(account.key(`chunk:${sequence}`), "c", "l", "n");
    const replies = (await pipeline.exec()) ?? [];
    for (const [index, [, reply]] of replies.entries()) {
      const [connector, lane, records] = reply as (string | null)[];
      // Settled meanwhile.
      if (!connector || !lane) continue;
      yield {
        sequence: Number(page[index]),
        connector,
        lane: lane as Lane,
        records: Number(records),
      };
    }
  }
}
