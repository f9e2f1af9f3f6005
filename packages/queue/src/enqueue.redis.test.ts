import { describe, expect, it } from "vitest";
import type { Account } from "./account.ts";
import { recountPending } from "./audit.ts";
import { enqueueChunk, storeChunk, type Enqueued } from "./enqueue.ts";
import { loadChunk } from "./outbox.ts";
import { Queues } from "./queues.ts";
import { abortRun, openRun, openRuns, readRun, sealRun } from "./runs.ts";
import {
  CONNECTOR,
  deliverNext,
  freshAccount,
  openTestRun,
  settleAs,
  store,
} from "./test-account.ts";

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
