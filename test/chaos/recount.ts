import type { Account } from "@sluice/queue";

/** The books of one run, as its hash has them. */
export interface RunBooks {
  id: string;
  state: string;
  read: number;
  delivered: number;
  unchanged: number;
  coalesced: number;
  dead: number;
  pending: number;
}

const MEMBER_BYTES = 36;
const MEMBER_RUN_AT = 34;
const PLACE_SEGMENT_AT = 6;

/*
 * What is in Redis by the table of keys in ARCHITECTURE.md alone, so that it can be held against what the product says.
 */

export async function booksOfRuns({ client, base }: Audited): Promise<RunBooks[]> {
  const ids = await client.zrange(`${base}runs`, "0", "-1");
  return await Promise.all(
    ids.map(async (id) => {
      const fields = await client.hgetall(`${base}run:${id}`);
      const count = (name: string) => Number(fields[name] ?? 0);
      return {
        id,
        state: fields["state"] ?? "",
        read: count("read"),
        delivered: count("delivered"),
        unchanged: count("unchanged"),
        coalesced: count("coalesced"),
        dead: count("dead"),
        pending: count("pending"),
      };
    }),
  );
}

type Audited = Pick<Account, "client" | "base">;

/** How many records of each run lie somewhere: in chunks, waiting or parked in segments, in flight in batches. */
export async function recountByRun({ client, base }: Audited): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const add = (run: string, count: number) => counts.set(run, (counts.get(run) ?? 0) + count);
  for (const sequence of await client.zrange(`${base}chunks`, "0", "-1")) {
    const [run, records] = await client.hmget(`${base}chunk:${sequence}`, "r", "n");
    add(run ?? "nobody", Number(records ?? 0));
  }
  const batches = await client.zrange(`${base}batches`, "0", "-1");
  for (const connector of await client.smembers(`${base}connectors`)) {
    batches.push(...(await client.lrange(`${base}quarantine:${connector}`, 0, -1)));
    const places = [
      ...(await client.hvalsBuffer(`${base}index:${connector}`)),
      ...(await client.hvalsBuffer(`${base}parked:${connector}`)),
    ];
    for (const place of places) {
      const segment = place.readUIntBE(PLACE_SEGMENT_AT, 6);
      add((await client.hget(`${base}seg:${segment}`, "r")) ?? "nobody", 1);
    }
  }
  for (const batch of batches) {
    const key = `${base}batch:${batch}`;
    const [members, runs, canary] = await client.hmgetBuffer(key, "m", "runs", "canary");
    // Sent again to learn from: it is in the books since it was delivered.
    if (canary !== null) continue;
    const names = runs?.toString().split("\n") ?? [];
    for (let at = 0; at < (members?.length ?? 0); at += MEMBER_BYTES) {
      add(names[(members?.readUInt16BE(at + MEMBER_RUN_AT) ?? 0) - 1] ?? "nobody", 1);
    }
  }
  return counts;
}

/**
 * What the ledger says of each asset, by its id in hex: the fingerprint of what was accepted, in hex; zeros where nobody
 * knows what Qualys has.
 */
export async function readLedger({ client, base }: Audited): Promise<Map<string, string>> {
  const entries = new Map<string, string>();
  for (const name of await client.keys(`${base}ledger:*:*`)) {
    const all = await client.callBuffer("HGETALL", name);
    const parts = all as Buffer[];
    for (let at = 0; at < parts.length; at += 2) {
      const [id, value] = parts.slice(at, at + 2);
      if (id && value) entries.set(id.toString("hex"), value.toString("hex", 0, 8));
    }
  }
  return entries;
}

/** The keys of all dead letters; those about records without a key as null. */
export async function readLetterKeys({ client, base }: Audited): Promise<(string | null)[]> {
  const names = (await client.keys(`${base}dead:*`)).filter((name) => !name.endsWith(":at"));
  const values = await Promise.all(names.map((name) => client.hvals(name)));
  return values.flat().map((letter) => {
    const content = JSON.parse(letter.slice(letter.indexOf("\n") + 1)) as { key: string | null };
    return content.key;
  });
}

/** Keys that may only be there while something is pending, and jobs that nobody will ever look at. */
export async function leftovers({ client, base }: Audited): Promise<string[]> {
  const names = (await client.keys(`${base}*`)).map((name) => name.slice(base.length));
  return names.filter(
    (name) =>
      /^(chunk|seg|batch|index|inflight|parked|ready|outbox|quarantine)(:|$)/.test(name) ||
      name.endsWith(":failed"),
  );
}
