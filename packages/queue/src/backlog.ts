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
  const [outbox, parked, inFlight] = [
    await total("index"),
    await total("parked"),
    await total("inflight"),
  ];
  const { state, nowMs, pending } = await look(account);
  return {
    // What is pending and nowhere else; between two looks some of it may have moved.
    records: Math.max(0, pending - outbox - parked - inFlight),
    outbox,
    parked,
    inFlight,
    batches: await client.zcard(account.key("batches")),
    suspects: Number((await client.get(account.key("suspected"))) ?? 0),
    quarantined: await total("quarantine", "llen"),
    senders: Object.values(state.senders).filter((untilMs) => untilMs > nowMs).length,
  };
}
