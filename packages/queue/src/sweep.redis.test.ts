import { describe, expect, it } from "vitest";
import type { Account } from "./account.ts";
import { acknowledge, loadBatch, oldBatches } from "./batches.ts";
import { consumeBatches, consumeChunks } from "./consume.ts";
import { loadChunk } from "./outbox.ts";
import { Queues } from "./queues.ts";
import { sweep } from "./sweep.ts";
import {
  cutWith,
  eventually,
  freshAccount,
  load,
  openTestRun,
  store,
  takeBatch,
} from "./test-account.ts";

/** Everything is old enough. */
const now = { chunkAgeMs: 0, batchAgeMs: 0 };
const quiet = { concurrency: 1, onError: () => {} };

async function waiting(queues: Queues): Promise<Record<string, number>> {
  const rows = Object.entries(await queues.counts());
  return Object.fromEntries(rows.map(([name, counts]) => [name, counts.waiting]));
}

/** Makes everything that waits look as old as an hour. */
async function age(account: Account, name: "chunks" | "batches"): Promise<void> {
  const key = account.key(name);
  for (const member of await account.client.zrange(key, 0, "-1")) {
    await account.client.zincrby(key, -3_600_000, member);
  }
}

describe("the sweep", () => {
  it("adds the job of a chunk whose producer died before it did", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    const live = await store(account, await openTestRun(account, "live"), 1);
    await store(account, await openTestRun(account, "backfill"), 1);
    await sweep(account, queues, now);
    const jobs = { "intake-live": 1, "intake-backfill": 1, outbound: 0 };
    expect(await waiting(queues)).toEqual(jobs);
    const handed: number[] = [];
    await using _consumer = consumeChunks(account, "live", quiet, async (sequence) => {
      handed.push(sequence);
    });
    await eventually(() => expect(handed).toEqual([live]));
    expect(await loadChunk(account, live)).not.toBeNull();
  });

  it("adds those of each connector, however many of another wait in front of it", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    const stuck = await openTestRun(account, "live", "stuck");
    for (let count = 0; count < 120; count += 1) await store(account, stuck, 1);
    await store(account, await openTestRun(account), 1);
    await sweep(account, queues, now);
    const jobs = { "intake-live": 100, "intake-backfill": 1, outbound: 0 };
    expect(await waiting(queues)).toEqual(jobs);
  });

  it("fills a batch whose worker died before it did, and adds its job", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    await load(account, await openTestRun(account), { a: "1" });
    await cutWith(account);
    expect(await loadBatch(account, 1)).toBeNull();
    await sweep(account, queues, now);
    expect((await loadBatch(account, 1))?.bodies).toHaveLength(1);
    expect((await waiting(queues))["outbound"]).toBe(1);
  });

  it("passes over a batch that only a newer process can fill", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    await load(account, run, { b: "1" });
    await cutWith(account, { assetsMax: 1 });
    await cutWith(account, { assetsMax: 1 });
    const body = await account.client.hgetBuffer(account.key("seg:1"), "b");
    body?.writeUInt8(9, 0);
    await account.client.hset(account.key("seg:1"), "b", body ?? "");
    await sweep(account, queues, now);
    expect(await loadBatch(account, 1)).toBeNull();
    expect((await loadBatch(account, 2))?.bodies).toHaveLength(1);
    expect((await waiting(queues))["outbound"]).toBe(1);
  });

  it("adds the job of a batch whose worker died between the two", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    await load(account, await openTestRun(account), { a: "1" });
    const { number } = await takeBatch(account);
    await sweep(account, queues, now);
    const handed: number[] = [];
    await using _consumer = consumeBatches(account, quiet, async (batch) => {
      handed.push(batch);
      return { kind: "done" };
    });
    await eventually(() => expect(handed).toEqual([number]));
  });

  it("changes nothing where all is well", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    const run = await openTestRun(account, "live");
    await load(account, run, { a: "1", b: "1" });
    const batch = await takeBatch(account, { assetsMax: 1 });
    await queues.addBatch(batch.number, "backfill");
    await queues.addChunk("live", await store(account, run, 1));
    const before = await waiting(queues);
    await sweep(account, queues, now);
    await sweep(account, queues, now);
    expect(await waiting(queues)).toEqual(before);
    expect(await loadBatch(account, batch.number)).toEqual(batch);
  });

  it("leaves settled batches and chunks alone", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    await load(account, await openTestRun(account), { a: "1" });
    const { number } = await takeBatch(account);
    await acknowledge(account, { number, bodies: [] }, 1, []);
    await sweep(account, queues, now);
    expect(await waiting(queues)).toEqual({ "intake-live": 0, "intake-backfill": 0, outbound: 0 });
  });

  it("leaves what is young to those who are at it, and by default that is not for ever", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    const run = await openTestRun(account, "live");
    await load(account, run, { a: "1" });
    await cutWith(account);
    await store(account, run, 1);
    const hour = { chunkAgeMs: 3_600_000, batchAgeMs: 3_600_000 };
    await sweep(account, queues, hour);
    expect(await waiting(queues)).toEqual({ "intake-live": 0, "intake-backfill": 0, outbound: 0 });
    expect(await oldBatches(account, 3_600_000)).toEqual([]);
    await age(account, "chunks");
    await age(account, "batches");
    expect(await oldBatches(account, 30_000)).toEqual([1]);
    await sweep(account, queues);
    expect(await waiting(queues)).toEqual({ "intake-live": 1, "intake-backfill": 0, outbound: 1 });
  });
});
