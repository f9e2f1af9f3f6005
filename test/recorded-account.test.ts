import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  endHolds,
  listRuns,
  readBacklog,
  recountPending,
  sweep,
  type Account,
} from "@sluice/queue";
import { describe, expect, it } from "vitest";
import { startHouse } from "./support/house.ts";
import { ROOT } from "./support/project.ts";

/** A key of the recorded account: its values in base64, as Redis lists them. */
interface RecordedKey {
  type: "string" | "hash" | "list" | "set" | "zset";
  values: readonly string[];
}

/** Its connector, and the hosts of its runs. */
const CONNECTOR = { uuid: "da4b8361-2327-4bf1-af7d-2ce775bc9882", name: "recorded", enabled: true };
const HOSTS = 65;

/**
 * An account as the first release left it: a run that is done, with a dead letter and a refusal that is remembered; six
 * batches in flight, under a hold; assets in the outbox, newer versions parked, and a chunk that nobody has taken. Without
 * BullMQ's keys, whose jobs the sweep adds again, and without the log of calls.
 */
async function restore({ client, base }: Account): Promise<void> {
  const text = await readFile(join(ROOT, "test/fixtures/account-format-1.json"), "utf8");
  const writing = client.multi();
  for (const [name, key] of Object.entries(JSON.parse(text) as Record<string, RecordedKey>)) {
    const values = key.values.map((value) => Buffer.from(value, "base64"));
    writing.call(...writeOf(key.type, base + name, values));
  }
  await writing.exec();
}

function writeOf(
  type: RecordedKey["type"],
  key: string,
  values: readonly Buffer[],
): [string, ...(string | Buffer)[]] {
  const pairs = Array.from({ length: values.length / 2 }, (_, at) =>
    values.slice(at * 2, at * 2 + 2),
  );
  switch (type) {
    case "string":
      return ["SET", key, ...values];
    case "hash":
      return ["HSET", key, ...values];
    case "list":
      return ["RPUSH", key, ...values];
    case "set":
      return ["SADD", key, ...values];
    case "zset":
      return ["ZADD", key, ...pairs.flatMap((pair) => pair.toReversed())];
  }
}

describe("an account that the first release left behind", () => {
  it("is worked off by this version: nothing is lost, and nothing that was sent is sent again", async () => {
    await using house = await startHouse({ sandbox: { connectors: [CONNECTOR] }, assetsMax: 5 });
    const { account, queues, sandbox } = house;
    await restore(account);
    expect(await readBacklog(account)).toMatchObject({
      records: 5,
      outbox: 26,
      parked: 5,
      inFlight: 30,
    });
    await endHolds(account);
    await sweep(account, queues, { chunkAgeMs: 0, batchAgeMs: 0 });
    for (const { id } of await listRuns(account)) {
      const { read, delivered, dead } = await house.finished(id);
      expect(delivered + dead).toBe(read);
      expect(await recountPending(account, id)).toBe(0);
    }
    // Hosts 1 to 4 were delivered before, or refused.
    expect(sandbox.count()).toBe(HOSTS - 4);
    const calls = sandbox.calls.length;
    const again = Array.from({ length: HOSTS }, (_, index) => hostOf(index + 1));
    expect(await house.push(again)).toMatchObject({ unchanged: HOSTS - 1, dead: 1, calls: 0 });
    expect(sandbox.calls).toHaveLength(calls);
  });
});

/** A host as it was loaded last. */
function hostOf(number: number): object {
  const release = number < 5 ? 12 : number < 10 ? 14 : 13;
  const id = `host-${number}`;
  return { id, hostname: id, os: `Debian ${release}` };
}
