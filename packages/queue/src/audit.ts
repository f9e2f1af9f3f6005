import type { Account } from "./account.ts";

/**
 * Recounts what is pending of a run from where its records really are: chunks, outbox, parked and in flight.
 * Independent of the books, to be held against them. Reads everything; not for every minute.
 */
export async function recountPending(account: Account, run: string): Promise<number> {
  const { client } = account;
  let pending = 0;
  for (const sequence of await client.zrange(account.key("chunks"), "0", "-1")) {
    const [owner, records] = await client.hmget(account.key(`chunk:${sequence}`), "r", "n");
    if (owner === run) pending += Number(records);
  }
  const runOfSegment = new Map<number, string | null>();
  for (const connector of await client.smembers(account.key("connectors"))) {
    for (const where of ["index", "parked"]) {
      const places = await client.hvalsBuffer(account.key(`${where}:${connector}`));
      for (const place of places) {
        const segment = place.readUIntBE(6, 6);
        if (!runOfSegment.has(segment)) {
          runOfSegment.set(segment, await client.hget(account.key(`seg:${segment}`), "r"));
        }
        if (runOfSegment.get(segment) === run) pending += 1;
      }
    }
  }
  return pending + (await countInFlight(account, run));
}

async function countInFlight(account: Account, run: string): Promise<number> {
  let count = 0;
  for (const batch of await unsettledBatches(account)) {
    const [members, runs] = await account.client.hmgetBuffer(
      account.key(`batch:${batch}`),
      "m",
      "runs",
    );
    if (!members || !runs) continue;
    const number = runs.toString().split("\n").indexOf(run) + 1;
    if (number === 0) continue;
    for (let at = 0; at < members.length; at += 36) {
      if (members.readUInt16BE(at + 34) === number) count += 1;
    }
  }
  return count;
}

/** Those on their way, and those in quarantine. */
async function unsettledBatches(account: Account): Promise<string[]> {
  const { client } = account;
  const batches = await client.zrange(account.key("batches"), "0", "-1");
  for (const connector of await client.smembers(account.key("connectors"))) {
    batches.push(...(await client.lrange(account.key(`quarantine:${connector}`), 0, -1)));
  }
  return batches;
}
