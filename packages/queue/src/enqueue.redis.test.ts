import { describe, expect, it } from "vitest";
import type { Account } from "./account.ts";
import { recountPending } from "./audit.ts";
import { acknowledge, loadBatch } from "./batches.ts";
import { enqueueChunk, storeChunk, type Enqueued } from "./enqueue.ts";
import { cut, fillBatch, loadChunk } from "./outbox.ts";
import { Queues } from "./queues.ts";
import { abortRun, openRun, readRun, sealRun } from "./runs.ts";
import { CONNECTOR, cutWith, freshAccount, openTestRun, settleAs, store } from "./test-account.ts";
import { observe, ownRedis } from "./test-server.ts";

async function storeAs(
  account: Account,
  run: string,
  ordinal: number,
  texts: readonly string[],
): Promise<Enqueued> {
  const records = texts.map((text, index) => ({ text, line: index + 1 }));
  const place = { run, lane: "live", producer: "p", ordinal } as const;
  return await storeChunk(account, place, { source: "hosts.ndjson", records });
}

/** Text that does not compress: packed, it stays about this long. */
function noise(bytes: number): string {
  let state = 1;
  const digits = Array.from({ length: bytes }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCharCode(35 + (state % 57));
  });
  return JSON.stringify(digits.join(""));
}

describe("enqueue", () => {
  it("gives each chunk the next sequence, whatever its run", async () => {
    const account = await freshAccount();
    const [first, second] = [await openTestRun(account), await openTestRun(account, "live")];
    expect(await storeAs(account, first, 1, ["{}"])).toEqual({ kind: "enqueued", sequence: 1 });
    expect(await storeAs(account, second, 1, ["{}"])).toEqual({ kind: "enqueued", sequence: 2 });
    expect(await storeAs(account, first, 2, ["{}"])).toEqual({ kind: "enqueued", sequence: 3 });
  });

  it("enters the records in the books as read and pending", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await storeAs(account, run, 1, ["{}", "{}", "{}"]);
    await storeAs(account, run, 2, ["{}", "{}"]);
    expect(await readRun(account, run)).toMatchObject({ read: 5, pending: 5, state: "open" });
    expect(await recountPending(account, run)).toBe(5);
  });

  it("keeps the chunk as it was given, for any worker", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await storeAs(account, run, 1, ['{"id":1}', '{"id":2}']);
    expect(await loadChunk(account, 1)).toEqual({
      sequence: 1,
      run,
      connector: CONNECTOR,
      source: "hosts.ndjson",
      records: [
        { text: '{"id":1}', line: 1 },
        { text: '{"id":2}', line: 2 },
      ],
    });
    expect(await loadChunk(account, 2)).toBeNull();
  });

  it("lets only one of two producers go on that begin at the same record of a run", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const content = { source: "hosts.ndjson", records: [{ text: "{}", line: 1 }] };
    const place = { run, lane: "live", ordinal: 1, position: 0 } as const;
    const first = await storeChunk(account, { ...place, producer: "first" }, content);
    expect(first.kind).toBe("enqueued");
    const second = await storeChunk(account, { ...place, producer: "second" }, content);
    expect(second).toEqual({ kind: "moved" });
    expect(await storeChunk(account, { ...place, producer: "first" }, content)).toEqual(first);
    const next = { ...place, producer: "first", ordinal: 2, position: 1 };
    expect((await storeChunk(account, next, content)).kind).toBe("enqueued");
    expect(await readRun(account, run)).toMatchObject({ read: 2, pending: 2 });
  });

  it("answers a repeated call with the sequence it gave, and enters nothing twice", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await storeAs(account, run, 1, ["{}"]);
    const given = await storeAs(account, run, 2, ["{}"]);
    expect(await storeAs(account, run, 2, ["{}"])).toEqual(given);
    expect(await readRun(account, run)).toMatchObject({ read: 2, pending: 2 });
    expect(await recountPending(account, run)).toBe(2);
  });

  it("answers a repeated call after the chunk was settled too", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await storeAs(account, run, 1, ["{}"]);
    await settleAs(account, 1, { a: "1" });
    expect(await storeAs(account, run, 1, ["{}"])).toEqual({ kind: "enqueued", sequence: 1 });
    expect(await loadChunk(account, 1)).toBeNull();
    expect(await readRun(account, run)).toMatchObject({ read: 1, pending: 1 });
  });

  it("takes nothing into a run that is sealed, aborted or unknown", async () => {
    const account = await freshAccount();
    const [sealed, aborted] = [await openTestRun(account), await openTestRun(account)];
    await store(account, sealed, 1);
    await store(account, aborted, 1);
    await sealRun(account, sealed);
    await abortRun(account, aborted, "the disk is gone");
    expect(await storeAs(account, sealed, 1, ["{}"])).toEqual({ kind: "closed", state: "sealed" });
    expect(await storeAs(account, aborted, 1, ["{}"])).toEqual({
      kind: "closed",
      state: "aborted",
    });
    expect(await storeAs(account, "none", 1, ["{}"])).toEqual({ kind: "closed", state: "unknown" });
    expect(await readRun(account, aborted)).toMatchObject({ read: 1, note: "the disk is gone" });
    expect(await readRun(account, "none")).toBeNull();
  });

  it("makes a run done at once when it is sealed with nothing pending", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await sealRun(account, run);
    expect(await readRun(account, run)).toMatchObject({ state: "done", read: 0 });
    await sealRun(account, run);
    expect((await readRun(account, run))?.state).toBe("done");
  });

  it("is full when the waiting bytes would pass the bound, until some were delivered", async () => {
    const account = await freshAccount({ queueBytesMax: 3_000 });
    const run = await openTestRun(account);
    expect((await storeAs(account, run, 1, [noise(2_000)])).kind).toBe("enqueued");
    expect(await storeAs(account, run, 2, [noise(2_000)])).toEqual({ kind: "full" });
    expect(await readRun(account, run)).toMatchObject({ read: 1, pending: 1 });
    await settleAs(account, 1, { a: "1" });
    expect(await storeAs(account, run, 2, [noise(2_000)])).toEqual({
      kind: "enqueued",
      sequence: 2,
    });
  });

  it("counts the settled bytes that wait in the outbox too", async () => {
    const account = await freshAccount({ queueBytesMax: 3_000 });
    const run = await openTestRun(account);
    await storeAs(account, run, 1, ["{}"]);
    await settleAs(account, 1, { a: noise(4_000) });
    expect(await storeAs(account, run, 2, [noise(1_000)])).toEqual({ kind: "full" });
    const taken = await cutWith(account);
    expect(taken).toMatchObject({ kind: "batch" });
    await fillBatch(account, 1);
    expect((await storeAs(account, run, 2, [noise(1_000)])).kind).toBe("enqueued");
  });

  it("takes one chunk that is larger than the bound when nothing waits", async () => {
    const account = await freshAccount({ queueBytesMax: 1_000 });
    const run = await openTestRun(account);
    expect((await storeAs(account, run, 1, [noise(5_000)])).kind).toBe("enqueued");
    expect(await storeAs(account, run, 2, ["{}"])).toEqual({ kind: "full" });
  });

  it("adds the job of the chunk to its lane, once", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    const run = await openTestRun(account, "backfill");
    const place = { run, lane: "backfill", producer: "p", ordinal: 1 } as const;
    const content = { source: "s", records: [{ text: "{}", line: 1 }] };
    await enqueueChunk(account, queues, place, content);
    await enqueueChunk(account, queues, place, content);
    expect(await queues.counts()).toEqual({
      "intake-live": { waiting: 0, active: 0, failed: 0 },
      "intake-backfill": { waiting: 1, active: 0, failed: 0 },
      outbound: { waiting: 0, active: 0, failed: 0 },
    });
  });
});

describe("a Redis that is full", () => {
  /** Room for the given bytes beyond what is used now. */
  async function limitMemory(redisUrl: string, roomBytes: number): Promise<void> {
    const client = observe(redisUrl);
    const used = /used_memory:(\d+)/.exec(await client.info("memory"))?.[1];
    await client.config("SET", "maxmemory", Number(used) + roomBytes);
  }

  it("takes no further chunk, while what is there is settled, cut and acknowledged", async () => {
    const redisUrl = await ownRedis();
    const account = await freshAccount({ redisUrl });
    const run = await openTestRun(account);
    const sequence = await store(account, run, 2);
    await limitMemory(redisUrl, -100_000);

    expect(await storeAs(account, run, 1, ["{}"])).toEqual({ kind: "full" });
    expect(await settleAs(account, sequence, { a: "1", b: "2" })).toMatchObject({ waiting: 2 });
    const taken = await cutWith(account, { assetsMax: 2 });
    expect(taken).toMatchObject({ kind: "batch", assets: 2 });
    await fillBatch(account, 1);
    expect((await loadBatch(account, 1))?.bodies).toHaveLength(2);
    expect(await acknowledge(account, 1, 1, [])).toEqual({ delivered: 2, dead: 0 });
    await sealRun(account, run);
    expect(await readRun(account, run)).toMatchObject({ state: "done", read: 2, delivered: 2 });
  });

  it("is full, not an error, when there is room for the chunk and none for its job", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const place = { run, lane: "live", producer: "p", ordinal: 1 } as const;
    const content = { source: "s", records: [{ text: "{}", line: 1 }] };
    // Queues on another server stand for one that others filled between the two steps.
    const redisUrl = await ownRedis();
    await using queues = new Queues(await freshAccount({ redisUrl }));
    await queues.counts();
    await limitMemory(redisUrl, -100_000);
    expect(await enqueueChunk(account, queues, place, content)).toEqual({ kind: "full" });
    await limitMemory(redisUrl, 10_000_000);
    const enqueued = { kind: "enqueued", sequence: 1 };
    expect(await enqueueChunk(account, queues, place, content)).toEqual(enqueued);
    expect(await readRun(account, run)).toMatchObject({ read: 1, pending: 1 });
    expect((await queues.counts())["intake-live"]?.waiting).toBe(1);
  });

  it("lets a restarted worker open its account", async () => {
    const redisUrl = await ownRedis();
    const account = await freshAccount({ redisUrl });
    await openRun(account, { connector: CONNECTOR, lane: "live", description: { sources: [] } });
    await limitMemory(redisUrl, -100_000);
    const again = await freshAccount({ redisUrl, account: account.name });
    expect(
      await cut(again, { connector: CONNECTOR, assetsMax: 1, bytesMax: 1_000, lingerMs: 0 }),
    ).toEqual({ kind: "empty" });
  });
});
