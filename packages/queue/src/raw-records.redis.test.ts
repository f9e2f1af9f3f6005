import { versionOf, type ChunkRecord } from "@sluice/inventory";
import { describe, expect, it } from "vitest";
import type { Account } from "./account.ts";
import { acknowledge, splitBatch } from "./batches.ts";
import { storeChunk } from "./enqueue.ts";
import { fillBatch, settle } from "./outbox.ts";
import { rawRecords } from "./raw-records.ts";
import { assetOf, cutWith, freshAccount, openTestRun, takeBatch } from "./test-account.ts";

/** Stores and settles a chunk: each record becomes an asset of its text. */
async function loadRecords(account: Account, records: readonly ChunkRecord[]): Promise<void> {
  const run = await openTestRun(account);
  const place = { run, lane: "live", producer: run, ordinal: 1 } as const;
  const enqueued = await storeChunk(account, place, { source: "hosts.ndjson", records });
  if (enqueued.kind !== "enqueued") throw new Error(`the chunk is not enqueued: ${enqueued.kind}`);
  const { sequence } = enqueued;
  const assets = records.map(({ text, version }, index) =>
    assetOf(text, text, version ?? versionOf(sequence, index)),
  );
  // Their order among the assets is not their order in the chunk.
  const settlement = { assets: assets.toReversed(), dead: [], coalesced: 0, warnings: {} };
  await settle(account, sequence, settlement);
}

describe("the raw record of an asset in a batch", () => {
  it("is the one its source had, with its place, whichever chunk it came in", async () => {
    const account = await freshAccount();
    await loadRecords(account, [
      { text: "a", line: 3 },
      { text: "b", line: 9, source: "more.csv" },
    ]);
    await loadRecords(account, [{ text: "c", line: 1 }]);
    const { number } = await takeBatch(account);
    expect(await rawRecords(account, number, [2, 0, 1])).toEqual([
      { raw: "c", source: "hosts.ndjson", line: 1 },
      { raw: "b", source: "more.csv", line: 9 },
      { raw: "a", source: "hosts.ndjson", line: 3 },
    ]);
  });

  it("is found by its version when it was replayed", async () => {
    const account = await freshAccount();
    await loadRecords(account, [
      { text: "a", line: 1, version: 7 },
      { text: "b", line: 2, version: 5 },
    ]);
    const { number } = await takeBatch(account);
    expect(await rawRecords(account, number, [0, 1])).toMatchObject([{ raw: "b" }, { raw: "a" }]);
  });

  it("goes along when its batch is split", async () => {
    const account = await freshAccount();
    await loadRecords(account, [
      { text: "a", line: 1 },
      { text: "b", line: 2 },
      { text: "c", line: 3 },
    ]);
    const batch = await takeBatch(account);
    const { bodies } = batch;
    const [left = 0, right = 0] = await splitBatch(account, batch, [
      bodies.slice(0, 1),
      bodies.slice(1),
    ]);
    expect(await rawRecords(account, left, [0])).toMatchObject([{ raw: "c" }]);
    expect(await rawRecords(account, right, [0, 1])).toMatchObject([{ raw: "b" }, { raw: "a" }]);
  });

  it("is there until the last batch of its segment is settled, and then no more", async () => {
    const account = await freshAccount();
    await loadRecords(account, [
      { text: "a", line: 1 },
      { text: "b", line: 2 },
    ]);
    const first = await takeBatch(account, { assetsMax: 1 });
    const second = await takeBatch(account, { assetsMax: 1 });
    await acknowledge(account, first, 1, []);
    expect(await rawRecords(account, second.number, [0])).toMatchObject([{ raw: "a" }]);
    expect(await rawRecords(account, first.number, [0])).toEqual([null]);
    await acknowledge(account, second, 2, []);
    expect(await account.client.exists(account.key("seg:1"))).toBe(0);
    expect(await account.client.hgetall(account.key("bytes"))).toEqual({
      intake: "0",
      outbox: "0",
      batches: "0",
    });
  });

  it("does not keep a batch from being filled twice at once", async () => {
    const account = await freshAccount();
    await loadRecords(account, [{ text: "a", line: 1 }]);
    await cutWith(account);
    await Promise.all([fillBatch(account, 1), fillBatch(account, 1)]);
    await fillBatch(account, 1);
    expect(await rawRecords(account, 1, [0])).toMatchObject([{ raw: "a" }]);
    await acknowledge(account, { number: 1, bodies: [] }, 1, []);
    expect(await account.client.hget(account.key("bytes"), "batches")).toBe("0");
  });
});
