import { describe, expect, it } from "vitest";
import { openAccount } from "./account.ts";
import { acknowledge, loadBatch } from "./batches.ts";
import { distrustOtherServer } from "./budget.ts";
import { consumeBatches, consumeChunks, type Disposition } from "./consume.ts";
import { enqueueChunk, storeChunk } from "./enqueue.ts";
import { fillBatch } from "./outbox.ts";
import { Queues } from "./queues.ts";
import { openRun, readRun, sealRun } from "./runs.ts";
import {
  CONNECTOR,
  cutWith,
  eventually,
  freshAccount,
  openTestRun,
  settleAs,
  store,
} from "./test-account.ts";
import { limitMemory, observe, ownRedis } from "./test-server.ts";

const content = { source: "s", records: [{ text: "{}", line: 1 }] };
const quiet = { concurrency: 1, onError: () => {} };

/** A server that has less memory than it uses already. */
async function fill(redisUrl: string): Promise<void> {
  await limitMemory(redisUrl, -100_000);
  await expect(observe(redisUrl).set("foreign", "value")).rejects.toThrow("OOM");
}

describe("a Redis that is full", () => {
  it("takes no further chunk, while what is there is settled, cut and acknowledged", async () => {
    const redisUrl = await ownRedis();
    const account = await freshAccount({ redisUrl });
    const run = await openTestRun(account);
    const sequence = await store(account, run, 2);
    await fill(redisUrl);

    const place = { run, lane: "live", producer: "p", ordinal: 1 } as const;
    expect(await storeChunk(account, place, content)).toEqual({ kind: "full" });
    expect(await settleAs(account, sequence, { a: "1", b: "2" })).toMatchObject({ waiting: 2 });
    const taken = await cutWith(account, { assetsMax: 2 });
    expect(taken).toMatchObject({ kind: "batch", assets: 2 });
    await fillBatch(account, 1);
    expect((await loadBatch(account, 1))?.bodies).toHaveLength(2);
    const batch = { number: 1, bodies: [] };
    expect(await acknowledge(account, batch, 1, [])).toMatchObject({ delivered: 2, dead: 0 });
    await sealRun(account, run);
    expect(await readRun(account, run)).toMatchObject({ state: "done", read: 2, delivered: 2 });
  });

  it("still has the jobs of stored chunks added, though it became full between the two steps", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    // Queues on another server stand for one that others filled meanwhile.
    const redisUrl = await ownRedis();
    await using queues = new Queues(await freshAccount({ redisUrl }));
    await queues.counts();
    await fill(redisUrl);
    const place = { run, lane: "live", producer: "p", ordinal: 1 } as const;
    expect((await enqueueChunk(account, queues, place, content)).kind).toBe("enqueued");
    expect((await queues.counts())["intake-live"]?.waiting).toBe(1);
  });

  it("lets queues and consumers start, and jobs be added, taken, put aside and ended", async () => {
    const redisUrl = await ownRedis();
    const { name } = await freshAccount({ redisUrl });
    await fill(redisUrl);
    const account = await freshAccount({ redisUrl, account: name });
    await using queues = new Queues(account);
    await distrustOtherServer(account);
    await queues.governOutbound(1);
    await queues.addChunk("live", 1);
    await queues.addBatch(1, "live");
    await queues.addBatch(2, "backfill");
    await queues.addPart(3);
    const [chunks, batches] = [[] as number[], [] as number[]];
    const handle = async (batch: number): Promise<Disposition> => {
      batches.push(batch);
      const isFirst = batches.indexOf(batch) === batches.length - 1;
      if (batch === 2 && isFirst) return { kind: "aside", delayMs: 100 };
      return batch === 1 && isFirst ? { kind: "later", delayMs: 5_000 } : { kind: "done" };
    };
    await using _batches = consumeBatches(account, quiet, handle);
    await using _chunks = consumeChunks(account, "live", quiet, async (sequence) => {
      chunks.push(sequence);
      if (chunks.length === 1) throw new Error("it is tried again");
    });
    const ended = { waiting: 0, active: 0, failed: 0 };
    await eventually(async () => {
      expect(await queues.counts()).toEqual({
        "intake-live": ended,
        "intake-backfill": ended,
        outbound: ended,
      });
    });
    expect(chunks).toEqual([1, 1]);
    expect(batches.toSorted((a, b) => a - b)).toEqual([1, 1, 2, 2, 3]);
    await expect(observe(redisUrl).set("foreign", "value")).rejects.toThrow("OOM");
  });

  it("lets an account be opened that is new to it, and a run be begun there", async () => {
    const redisUrl = await ownRedis();
    await fill(redisUrl);
    await using account = await openAccount({ redisUrl, account: "new" });
    const run = { connector: CONNECTOR, lane: "live", description: { sources: [] } } as const;
    expect(await readRun(account, await openRun(account, run))).toMatchObject({ state: "open" });
  });
});
