import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Account } from "./account.ts";
import { readBacklog } from "./backlog.ts";
import { readBudget } from "./budget.ts";
import { disableConnector, disabledConnectors, enableConnector } from "./disabled.ts";
import { storeChunk, type Enqueued } from "./enqueue.ts";
import { endHolds, readHolds } from "./holds.ts";
import { Queues } from "./queues.ts";
import { sweep } from "./sweep.ts";
import { cutWith, freshAccount, load, openTestRun, store } from "./test-account.ts";

const BY_OPERATOR = { reason: "disabled", message: "by an operator" } as const;
const BY_FILE = { reason: "disabled-in-file", message: "by the file" } as const;
const now = { chunkAgeMs: 0, batchAgeMs: 0 };

async function backfillJobs(queues: Queues): Promise<number> {
  return (await queues.counts())["intake-backfill"]?.waiting ?? 0;
}

/** Stores so many bytes that do not compress. */
async function storeBytes(account: Account, run: string, bytes: number): Promise<Enqueued> {
  const producer = randomBytes(6).toString("hex");
  const text = JSON.stringify(randomBytes(bytes).toString("latin1"));
  const place = { run, lane: "backfill", producer, ordinal: 1 } as const;
  return await storeChunk(account, place, { source: "test", records: [{ text, line: 1 }] });
}

/** Assets that wait to be cut, and records of chunks. */
async function fill(account: Account, connector: string, [assets, records]: [number, number]) {
  const run = await openTestRun(account, "backfill", connector);
  const keys = Array.from({ length: assets }, (_, index) => `${connector}-${index}`);
  await load(account, run, Object.fromEntries(keys.map((key) => [key, "1"])));
  await store(account, run, records);
}

describe("a disabled connector", () => {
  it("takes nothing, and is not cut; others are", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const other = await openTestRun(account, "backfill", "other");
    await load(account, run, { a: "1" });
    await load(account, other, { b: "1" });
    expect(await disableConnector(account, "connector", BY_OPERATOR)).toBe(true);
    expect(await disableConnector(account, "connector", BY_OPERATOR)).toBe(false);
    expect(await disabledConnectors(account)).toEqual(new Set(["connector"]));
    expect(await storeBytes(account, run, 10)).toEqual({ kind: "disabled" });
    expect((await storeBytes(account, other, 10)).kind).toBe("enqueued");
    expect((await cutWith(account)).kind).toBe("wait");
    expect((await cutWith(account, { connector: "other" })).kind).toBe("batch");
  });

  it("stays so when every hold is ended, and until every reason is gone", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    await disableConnector(account, "connector", BY_OPERATOR);
    await disableConnector(account, "connector", BY_FILE);
    expect(await endHolds(account)).toEqual([]);
    expect(await enableConnector(account, queues, "connector", "disabled")).toBe(true);
    expect(await enableConnector(account, queues, "connector", "disabled")).toBe(false);
    expect(await readHolds(account)).toMatchObject([
      { scope: "connector", reason: "disabled-in-file", untilMs: null, message: "by the file" },
    ]);
    expect(await enableConnector(account, queues, "connector", "disabled-in-file")).toBe(true);
    expect(await disabledConnectors(account)).toEqual(new Set());
  });

  it("has chunks without jobs, which no sweep adds, however many are in front of others", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    const run = await openTestRun(account);
    for (let count = 0; count < 120; count += 1) await store(account, run, 1);
    await disableConnector(account, "connector", BY_OPERATOR);
    await store(account, await openTestRun(account, "backfill", "other"), 1);
    await sweep(account, queues, now);
    expect(await backfillJobs(queues)).toBe(1);
    await enableConnector(account, queues, "connector", "disabled");
    expect(await backfillJobs(queues)).toBe(121);
  });

  it("needs no calls for what it keeps, and so slows no sibling down", async () => {
    const account = await freshAccount();
    await fill(account, "connector", [250, 300]);
    await fill(account, "other", [100, 300]);
    const callsToGo = async () => (await readBudget(account)).callsToGo;
    expect(await callsToGo()).toBe(10);
    await disableConnector(account, "connector", BY_OPERATOR);
    expect(await callsToGo()).toBe(4);
    await disableConnector(account, "other", BY_OPERATOR);
    expect(await callsToGo()).toBe(0);
    expect(await readBacklog(account)).toMatchObject({ outbox: 350, records: 600 });
  });

  it("keeps what waits, which does not count against its siblings' marks", async () => {
    const account = await freshAccount({ queueBytesMax: 100_000 });
    const run = await openTestRun(account);
    const sibling = await openTestRun(account, "backfill", "sibling");
    while ((await storeBytes(account, run, 5_000)).kind === "enqueued");
    expect((await storeBytes(account, sibling, 5_000)).kind).toBe("enqueued");
    const room = async () => {
      let chunks = 0;
      while ((await storeBytes(account, sibling, 5_000)).kind === "enqueued") chunks += 1;
      return chunks;
    };
    const beside = await room();
    await disableConnector(account, "connector", BY_OPERATOR);
    await account.client.hdel(account.key("bytes"), "full sibling backfill");
    expect(await room()).toBeGreaterThan(2 * (beside + 1));
  });
});
