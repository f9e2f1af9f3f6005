import type { Account } from "./account.ts";
import { look } from "./governor.ts";

/** How much is where, in records. */
export interface Backlog {
  /** In chunks that no worker has settled. */
  records: number;
  /** Ready to be cut. */
  outbox: number;
  parked: number;
  inFlight: number;
  /** Batches cut and not settled, but for those in quarantine. */
  batches: number;
  /** Those of the assets in flight that belong to refused batches; and their batches that wait for spare calls. */
  suspects: number;
  quarantined: number;
  /** Senders whose lease is running. */
  senders: number;
}

export async function readBacklog(account: Account): Promise<Backlog> {
  const { client } = account;
  const connectors = await client.smembers(account.key("connectors"));
  async function total(name: string, length: "hlen" | "llen" = "hlen"): Promise<number> {
    const counts = await Promise.all(
      connectors.map((connector) => client[length](account.key(`${name}:${connector}`))),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }
  const { state, nowMs } = await look(account);
  return {
    records: await waitingRecords(account),
    outbox: await total("index"),
    parked: await total("parked"),
    inFlight: await total("inflight"),
    batches: await client.zcard(account.key("batches")),
    suspects: Number((await client.get(account.key("suspected"))) ?? 0),
    quarantined: await total("quarantine", "llen"),
    senders: Object.values(state.senders).filter((untilMs) => untilMs > nowMs).length,
  };
}

async function waitingRecords(account: Account): Promise<number> {
  const sequences = await account.client.zrange(account.key("chunks"), "0", "-1");
  const pipeline = account.client.pipeline();
  for (const sequence of sequences) pipeline.hget(account.key(`chunk:${sequence}`), "n");
  const replies = (await pipeline.exec()) ?? [];
  return replies.reduce((sum, [, count]) => sum + Number(count ?? 0), 0);
}
