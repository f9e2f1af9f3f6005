import { describe, expect, it } from "vitest";
import type { Account } from "./account.ts";
import { recountPending } from "./audit.ts";
import { acknowledge, loadBatch } from "./batches.ts";
import { enqueueChunk, storeChunk, type Enqueued } from "./enqueue.ts";
import { cut, fillBatch, loadChunk } from "./outbox.ts";
import { Queues } from "./queues.ts";
import { abortRun, openRun, openRuns, readRun, sealRun } from "./runs.ts";
import {
  CONNECTOR,
  cutWith,
  deliverNext,
  freshAccount,
  openTestRun,
  settleAs,
  store,
} from "./test-account.ts";
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
    await deliverNext(account);
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
    await deliverNext(account);
    expect((await storeAs(account, run, 2, [noise(1_000)])).kind).toBe("enqueued");
  });

  it("takes one chunk that is larger than the bound when nothing waits", async () => {
    const account = await freshAccount({ queueBytesMax: 1_000 });
    const run = await openTestRun(account);
    expect((await storeAs(account, run, 1, [noise(5_000)])).kind).toBe("enqueued");
    expect(await storeAs(account, run, 2, ["{}"])).toEqual({ kind: "full" });
  });

  describe("with claims", () => {
    const claims = [
      { id: "first", fingerprint: "f1" },
      { id: "second", fingerprint: "f2" },
    ];
    const content = { source: "s", records: [{ text: "{}", line: 1 }] };
    const place = { lane: "live", producer: "p" } as const;

    it("stores nothing while one of them is held, and tells the run that has it", async () => {
      const account = await freshAccount();
      const [run, other] = [await openTestRun(account), await openTestRun(account)];
      const held = { ...place, run, ordinal: 1, claims: claims.slice(0, 1) };
      expect((await storeChunk(account, held, content)).kind).toBe("enqueued");
      const both = { ...place, run: other, ordinal: 1, claims };
      expect(await storeChunk(account, both, content)).toEqual({
        kind: "claimed",
        held: [{ index: 0, run }],
      });
      expect(await readRun(account, other)).toMatchObject({ read: 0 });
      const rest = { ...place, run: other, ordinal: 2, claims: claims.slice(1) };
      expect((await storeChunk(account, rest, content)).kind).toBe("enqueued");
      const again = { ...place, run: other, ordinal: 3, claims };
      expect(await storeChunk(account, again, content)).toEqual({
        kind: "claimed",
        held: [
          { index: 0, run },
          { index: 1, run: other },
        ],
      });
    });

    it("tells that one is held for other content", async () => {
      const account = await freshAccount();
      const run = await openTestRun(account);
      await storeChunk(account, { ...place, run, ordinal: 1, claims }, content);
      const other = [{ id: "first", fingerprint: "f3" }];
      expect(
        await storeChunk(account, { ...place, run, ordinal: 2, claims: other }, content),
      ).toEqual({ kind: "claimed", held: [{ index: 0, run: null }] });
    });

    it("answers a repeated call with the sequence it gave, and a sealed run's claims with their run", async () => {
      const account = await freshAccount();
      const run = await openTestRun(account);
      const call = { ...place, run, ordinal: 1, claims };
      const given = await storeChunk(account, call, content);
      expect(await storeChunk(account, call, content)).toEqual(given);
      await sealRun(account, run);
      expect(await storeChunk(account, { ...call, ordinal: 2 }, content)).toMatchObject({
        kind: "claimed",
        held: [{ run }, { run }],
      });
    });

    it("holds none for a chunk that it did not take, and each for a day", async () => {
      const account = await freshAccount({ queueBytesMax: 1 });
      const run = await openTestRun(account);
      await storeAs(account, run, 1, ["{}"]);
      const call = { ...place, run, ordinal: 2, claims };
      expect(await storeChunk(account, call, content)).toEqual({ kind: "full" });
      await settleAs(account, 1, { a: "1" });
      await deliverNext(account);
      expect((await storeChunk(account, call, content)).kind).toBe("enqueued");
      const lifeMs = await account.client.pttl(account.key("claim:first"));
      expect(lifeMs).toBeGreaterThan(23 * 3_600_000);
      expect(lifeMs).toBeLessThanOrEqual(24 * 3_600_000);
    });
  });

  it("opens a run of a given id once, whoever comes first", async () => {
    const account = await freshAccount();
    const options = { id: "mine", connector: CONNECTOR, lane: "live" } as const;
    expect(await openRun(account, { ...options, description: { sources: [] } })).toBe("mine");
    await storeAs(account, "mine", 1, ["{}"]);
    const other = { ...options, lane: "backfill", connector: "other" } as const;
    await openRun(account, { ...other, description: { sources: [] } });
    const run = { read: 1, pending: 1, lane: "live", connector: CONNECTOR, state: "open" };
    expect(await readRun(account, "mine")).toMatchObject(run);
    expect(await openRuns(account)).toEqual(["mine"]);
    await sealRun(account, "mine");
    await openRun(account, { ...options, description: { sources: [] } });
    expect(await readRun(account, "mine")).toMatchObject({ state: "sealed" });
    expect(await openRuns(account)).toEqual([]);
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
    const batch = { number: 1, bodies: [] };
    expect(await acknowledge(account, batch, 1, [])).toMatchObject({ delivered: 2, dead: 0 });
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
