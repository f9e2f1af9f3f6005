import { versionOf } from "@sluice/inventory";
import { describe, expect, it } from "vitest";
import type { Account } from "./account.ts";
import { recountPending } from "./audit.ts";
import { readBacklog } from "./backlog.ts";
import { acknowledge, loadBatch } from "./batches.ts";
import { settleCall } from "./budget.ts";
import { beginHold, endHolds } from "./holds.ts";
import { backlogConnectors, fillBatch, settle } from "./outbox.ts";
import { readRun, sealRun } from "./runs.ts";
import {
  assetOf,
  assetsIn,
  CONNECTOR,
  cutWith,
  deliverNext,
  eventually,
  freshAccount,
  load,
  openTestRun,
  store,
  takeBatch,
} from "./test-account.ts";
import { callOf, reserveNow } from "./test-calls.ts";

/** A linger nobody sees the end of. */
const LONG_MS = 3_600_000;

/** Contents of so many assets, `a0`, `a1` ... by default. */
function assets(count: number, prefix = "a"): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, "1"]));
}

/** Tells the account that it may make so many calls at once. */
async function learnConcurrency(account: Account, concurrencyLimit: number): Promise<void> {
  await settleCall(account, callOf({ reading: { concurrencyLimit } }));
}

describe("cut", () => {
  it("takes a full batch at once, in the order of the versions", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "1" });
    await load(account, run, { c: "1", d: "1" });
    const batch = await takeBatch(account, { assetsMax: 3, lingerMs: LONG_MS });
    expect(assetsIn(batch)).toEqual(["a 1", "b 1", "c 1"]);
    expect(batch.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(await readRun(account, run)).toMatchObject({ batches: 1, pending: 4 });
    expect(await readBacklog(account)).toMatchObject({ inFlight: 3, outbox: 1, batches: 1 });
    expect(await recountPending(account, run)).toBe(4);
  });

  it("goes on where the last batch stopped, over several segments", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await learnConcurrency(account, 10);
    await load(account, run, { a: "1", b: "1", c: "1" });
    await load(account, run, { d: "1", e: "1" });
    expect(assetsIn(await takeBatch(account, { assetsMax: 2 }))).toEqual(["a 1", "b 1"]);
    expect(assetsIn(await takeBatch(account, { assetsMax: 2 }))).toEqual(["c 1", "d 1"]);
    expect(assetsIn(await takeBatch(account, { assetsMax: 2 }))).toEqual(["e 1"]);
    expect(await cutWith(account)).toEqual({ kind: "empty" });
  });

  it("says that nothing waits, and takes the connector off the list of those with a backlog", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    expect(await cutWith(account)).toEqual({ kind: "empty" });
    await load(account, run, { a: "1" });
    expect(await backlogConnectors(account)).toEqual([CONNECTOR]);
    await takeBatch(account);
    expect(await cutWith(account)).toEqual({ kind: "empty" });
    expect(await backlogConnectors(account)).toEqual([]);
  });

  it("lets a partial batch linger while a run is open", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    const waiting = await cutWith(account, { lingerMs: 30_000 });
    expect(waiting.kind).toBe("wait");
    if (waiting.kind === "wait") {
      expect(waiting.delayMs).toBeGreaterThan(0);
      expect(waiting.delayMs).toBeLessThanOrEqual(30_000);
    }
    expect(await readBacklog(account)).toMatchObject({ outbox: 1, inFlight: 0 });
  });

  it("waits a minute at the most before it looks again", async () => {
    const account = await freshAccount();
    await load(account, await openTestRun(account), { a: "1" });
    expect(await cutWith(account, { lingerMs: LONG_MS })).toEqual({
      kind: "wait",
      delayMs: 60_000,
    });
  });

  it("cuts the partial batch when its oldest asset has lingered", async () => {
    const account = await freshAccount();
    await load(account, await openTestRun(account), { a: "1" });
    const taken = await eventually(async () => {
      const reply = await cutWith(account, { lingerMs: 50 });
      expect(reply.kind).toBe("batch");
      return reply;
    });
    expect(taken).toMatchObject({ assets: 1 });
  });

  it("cuts a partial batch at once when every run is sealed and every chunk is settled", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    const unsettled = await store(account, run, 1);
    await sealRun(account, run);
    expect((await cutWith(account, { lingerMs: LONG_MS })).kind).toBe("wait");
    const dead = { assets: [], dead: [], coalesced: 1, warnings: {} };
    await settle(account, unsettled, dead);
    expect(await cutWith(account, { lingerMs: LONG_MS })).toMatchObject({
      kind: "batch",
      assets: 1,
    });
  });

  it("cuts a partial batch at once whatever comes of another connector", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    await sealRun(account, run);
    await store(account, await openTestRun(account, "backfill", "other"), 1);
    expect((await cutWith(account, { lingerMs: LONG_MS })).kind).toBe("batch");
  });

  it("paces partial batches at the window over the free calls, and not the full ones", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const reading = { limit: 301, windowMs: LONG_MS, concurrencyLimit: 10 };
    await settleCall(account, callOf({ call: await reserveNow(account), reading }));
    await load(account, run, { a: "1", b: "1", c: "1" });
    expect(await cutWith(account, { assetsMax: 2 })).toMatchObject({ kind: "batch", assets: 2 });
    const paced = await cutWith(account, { assetsMax: 2 });
    expect(paced.kind).toBe("wait");
    if (paced.kind === "wait") {
      expect(paced.delayMs).toBeGreaterThan(0);
      expect(paced.delayMs).toBeLessThanOrEqual(LONG_MS / 300);
    }
    await sealRun(account, run);
    expect(await cutWith(account, { assetsMax: 2 })).toMatchObject({ kind: "batch", assets: 1 });
  });

  it("ends a batch before it would pass the bytes", async () => {
    const account = await freshAccount();
    await load(account, await openTestRun(account), {
      a: "x".repeat(400),
      b: "y".repeat(400),
      c: "z".repeat(400),
    });
    const batch = await takeBatch(account, { bytesMax: 1_500, lingerMs: LONG_MS });
    expect(batch.bodies).toHaveLength(2);
    const sent = batch.bodies.reduce((sum, body) => sum + body.length + 1, 0);
    expect(sent).toBeLessThanOrEqual(1_500);
  });

  it("keeps to the bytes that the connector was found to take", async () => {
    const account = await freshAccount();
    await load(account, await openTestRun(account), { a: "x".repeat(400), b: "y".repeat(400) });
    const first = await takeBatch(account, { assetsMax: 1 });
    await settleCall(account, callOf({ batch: first.number, bytesMax: 900 }));
    await load(account, await openTestRun(account), { c: "x".repeat(400), d: "y".repeat(400) });
    expect((await takeBatch(account, { lingerMs: LONG_MS })).bodies).toHaveLength(1);
  });

  it("lets a learned ceiling rise again, slowly, with every call that is accepted", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    const { number: batch } = await takeBatch(account);
    const ceiling = async () =>
      Number(await account.client.hget(account.key(`connector:${CONNECTOR}`), "bytesMax"));
    await settleCall(account, callOf({ batch, outcome: "too-large", bytesMax: 500_000 }));
    await settleCall(account, callOf({ batch }));
    expect(await ceiling()).toBe(505_000);
    await settleCall(account, callOf({ batch, outcome: "too-large", bytesMax: 900 }));
    await settleCall(account, callOf({ batch, outcome: "too-large", bytesMax: 100_000 }));
    expect(await ceiling()).toBe(900);
    await settleCall(account, callOf({ batch }));
    expect(await ceiling()).toBe(1_412);
  });

  it("sends an asset alone that is larger than the bytes by itself", async () => {
    const account = await freshAccount();
    await learnConcurrency(account, 10);
    await load(account, await openTestRun(account), { a: "x".repeat(5_000), b: "1" });
    const first = await takeBatch(account, { bytesMax: 1_000, lingerMs: LONG_MS });
    expect(first.bodies).toHaveLength(1);
    expect(first.bodies[0]?.length).toBeGreaterThan(5_000);
    expect(assetsIn(await takeBatch(account, { bytesMax: 1_000 }))).toEqual(["b 1"]);
  });

  it("takes live before backfill, and fills the batch up with backfill", async () => {
    const account = await freshAccount();
    await load(account, await openTestRun(account, "backfill"), { old1: "1", old2: "1" });
    await load(account, await openTestRun(account, "live"), { new1: "1" });
    expect(assetsIn(await takeBatch(account, { assetsMax: 2 }))).toEqual(["new1 1", "old1 1"]);
  });

  it("begins every tenth batch with the backfill", async () => {
    const account = await freshAccount();
    await learnConcurrency(account, 100);
    await load(account, await openTestRun(account, "live"), assets(30, "live"));
    await load(account, await openTestRun(account, "backfill"), assets(30, "backfill"));
    const lanes = [];
    for (let i = 0; i < 20; i += 1) {
      const [asset = ""] = assetsIn(await takeBatch(account, { assetsMax: 1 }));
      lanes.push(asset.startsWith("live") ? "live" : "backfill");
    }
    const nine = Array.from({ length: 9 }, () => "live");
    expect(lanes).toEqual([...nine, "backfill", ...nine, "backfill"]);
  });

  it("takes only the newest version of an asset, once", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "1" });
    await load(account, run, { a: "2" });
    await load(account, run, { a: "3", c: "1" });
    expect(assetsIn(await takeBatch(account))).toEqual(["b 1", "a 3", "c 1"]);
    expect(await cutWith(account)).toEqual({ kind: "empty" });
  });

  it("never takes an asset that is in flight", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    await takeBatch(account);
    await load(account, run, { a: "2", b: "1" });
    expect(assetsIn(await takeBatch(account))).toEqual(["b 1"]);
  });

  it("cuts nothing for a connector that is held, and says when it may", async () => {
    const account = await freshAccount();
    await load(account, await openTestRun(account), { a: "1" });
    await load(account, await openTestRun(account, "live", "elsewhere"), { a: "1" });
    const hold = { reason: "refused", durationMs: 30_000, message: "" } as const;
    await beginHold(account, { scope: CONNECTOR, ...hold });
    const held = await cutWith(account);
    expect(held.kind).toBe("wait");
    if (held.kind === "wait") expect(held.delayMs).toBeLessThanOrEqual(30_000);
    expect(await cutWith(account, { connector: "elsewhere" })).toMatchObject({ kind: "batch" });
    await endHolds(account);
    expect(await cutWith(account)).toMatchObject({ kind: "batch" });
  });

  it("makes partial batches wait for the end of a hold of the account, and cuts the full ones", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "1", c: "1" });
    await sealRun(account, run);
    await beginHold(account, {
      scope: "account",
      reason: "operator",
      durationMs: null,
      message: "",
    });
    expect(await cutWith(account, { assetsMax: 2 })).toMatchObject({ kind: "batch", assets: 2 });
    expect(await cutWith(account, { assetsMax: 2 })).toEqual({ kind: "wait", delayMs: 60_000 });
    await endHolds(account);
    expect(await cutWith(account, { assetsMax: 2 })).toMatchObject({ kind: "batch", assets: 1 });
  });

  it("cuts only what the next calls need: twice what may be in flight, and two", async () => {
    const account = await freshAccount();
    await load(account, await openTestRun(account), assets(20));
    for (let i = 0; i < 4; i += 1) await takeBatch(account, { assetsMax: 1 });
    expect(await cutWith(account, { assetsMax: 1 })).toEqual({ kind: "full" });
    await learnConcurrency(account, 2);
    for (let i = 0; i < 2; i += 1) await takeBatch(account, { assetsMax: 1 });
    expect(await cutWith(account, { assetsMax: 1 })).toEqual({ kind: "full" });
    await acknowledge(account, { number: 1, bodies: [] }, 1, []);
    expect(await cutWith(account, { assetsMax: 1 })).toMatchObject({ kind: "batch" });
  });

  it("passes thousands of replaced entries in steps, without losing one that waits behind them", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    for (let i = 0; i < 150; i += 1) await load(account, run, { a: String(i), b: String(i) });
    await load(account, run, { last: "1" });
    const sent: string[] = [];
    for (let step = 0; step < 10 && sent.length < 3; step += 1) {
      const taken = await cutWith(account);
      if (taken.kind === "batch") {
        await fillBatch(account, taken.batch);
        const batch = await loadBatch(account, taken.batch);
        if (batch !== null) sent.push(...assetsIn(batch));
      }
    }
    expect(sent).toEqual(["a 149", "b 149", "last 1"]);
  });
});

describe("a batch whose worker died before it had its body", () => {
  it("is not there for a sender, and is filled by any other worker", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "1" });
    await load(account, run, { c: "1" });
    await cutWith(account);
    expect(await loadBatch(account, 1)).toBeNull();
    expect(await recountPending(account, run)).toBe(3);

    const other = await freshAccount({ account: account.name });
    await fillBatch(other, 1);
    const batch = await loadBatch(account, 1);
    expect(batch && assetsIn(batch)).toEqual(["a 1", "b 1", "c 1"]);
  });

  it("is filled once: a second worker changes nothing", async () => {
    const account = await freshAccount();
    await load(account, await openTestRun(account), { a: "1", b: "1" });
    const batch = await takeBatch(account, { assetsMax: 1 });
    const before = await account.client.hgetall(account.key("bytes"));
    await fillBatch(account, batch.number);
    expect(await loadBatch(account, batch.number)).toEqual(batch);
    expect(await account.client.hgetall(account.key("bytes"))).toEqual(before);
    expect(assetsIn(await takeBatch(account))).toEqual(["b 1"]);
  });

  it("is not there at all: nothing is filled", async () => {
    const account = await freshAccount();
    await fillBatch(account, 999);
    expect(await account.client.exists(account.key("batch:999"))).toBe(0);
  });

  it("takes its bytes from the segments although their assets were replaced since", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const sequence = await store(account, run, 2);
    const both = [
      assetOf("a", "1", versionOf(sequence, 0)),
      assetOf("b", "1", versionOf(sequence, 1)),
    ];
    await settle(account, sequence, { assets: both, dead: [], coalesced: 0, warnings: {} });
    await cutWith(account, { assetsMax: 1 });
    await load(account, run, { a: "2", b: "2" });
    await fillBatch(account, 1);
    const batch = await loadBatch(account, 1);
    expect(batch && assetsIn(batch)).toEqual(["a 1"]);
    await acknowledge(account, { number: 1, bodies: [] }, 1, []);
    expect((await deliverNext(account)).sort()).toEqual(["a 2", "b 2"]);
    expect(await account.client.keys(account.key("seg:*"))).toEqual([]);
  });

  it("leaves segments of a newer format, and assets of them that were parked, to a newer worker", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    const batch = await takeBatch(account);
    for (const [key, content] of [
      ["b", "1"],
      ["a", "2"],
      ["c", "1"],
    ] as const) {
      await load(account, run, { [key]: content });
    }
    const settleAsNewer = async (sequence: number, format: number) =>
      await account.client.hset(account.key(`seg:${sequence}`), "f", format);
    await settleAsNewer(2, 9);
    await settleAsNewer(3, 9);
    await acknowledge(account, batch, 1, []);
    expect(await deliverNext(account)).toEqual(["c 1"]);
    expect(await cutWith(account)).toEqual({ kind: "newer", format: 9, known: 1 });
    expect(await backlogConnectors(account)).toEqual([CONNECTOR]);
    await settleAsNewer(2, 1);
    await settleAsNewer(3, 1);
    expect(await deliverNext(account)).toEqual(expect.arrayContaining(["a 2", "b 1"]));
    expect(await cutWith(account)).toEqual({ kind: "empty" });
  });
});
