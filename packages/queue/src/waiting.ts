import type { Account } from "./account.ts";
import { waitingChunks } from "./waiting-chunks.ts";

/** What of a connector waits where, in records. */
export interface Waiting {
  /** In chunks that no worker has settled. */
  records: number;
  /** Ready to be cut. */
  outbox: number;
  parked: number;
  inFlight: number;
}

/** All that waits, wherever. */
export function sumOfWaiting({ records, outbox, parked, inFlight }: Waiting): number {
  return records + outbox + parked + inFlight;
}

/** What waits, by connector: all that ever had a run. Looks at every chunk. */
export async function readWaiting(account: Account): Promise<ReadonlyMap<string, Waiting>> {
  const { client } = account;
  const records = new Map<string, number>();
  for await (const chunk of waitingChunks(account)) {
    records.set(chunk.connector, (records.get(chunk.connector) ?? 0) + chunk.records);
  }
  const connectors = await client.smembers(account.key("connectors"));
  const rows = connectors.map(async (connector) => {
    const count = async (name: string) => await client.hlen(account.key(`${name}:${connector}`));
    const waiting: Waiting = {
      records: records.get(connector) ?? 0,
      outbox: await count("index"),
      parked: await count("parked"),
      inFlight: await count("inflight"),
    };
    return [connector, waiting] as const;
  });
  return new Map(await Promise.all(rows));
}
