import { describe, expect, it } from "vitest";
import { recountPending } from "./audit.ts";
import { readBacklog } from "./backlog.ts";
import { acknowledge, loadBatch, splitBatch } from "./batches.ts";
import { listDeadLetters } from "./dead-letters.ts";
import { settle } from "./outbox.ts";
import { readRun, sealRun } from "./runs.ts";
import {
  assetsIn,
  cutWith,
  deliverNext,
  freshAccount,
  idOf,
  letterOf,
  load,
  openTestRun,
  settleAs,
  store,
  takeBatch,
} from "./test-account.ts";
import { versionOf } from "@sluice/inventory";

describe("acknowledge", () => {
  it("enters what was taken in the books and the ledger, and forgets the batch", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "1" });
    await sealRun(account, run);
    const batch = await takeBatch(account);
    expect(await acknowledge(account, batch, 7, [])).toMatchObject({ delivered: 2, dead: 0 });
    expect(await loadBatch(account, batch.number)).toBeNull();
    expect(await readRun(account, run)).toMatchObject({ state: "done", delivered: 2, pending: 0 });
    expect(await readBacklog(account)).toMatchObject({ inFlight: 0, batches: 0 });
    const again = await openTestRun(account);
    expect(await load(account, again, { a: "1", b: "1" })).toMatchObject({ unchanged: 2 });
  });

  it("changes nothing the second time", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "1" });
    const batch = await takeBatch(account);
    await acknowledge(account, batch, 1, []);
    const before = await readRun(account, run);
    const rejected = [{ index: 0, letter: letterOf("a") }];
    expect(await acknowledge(account, batch, 2, rejected)).toMatchObject({
      delivered: 0,
      dead: 0,
    });
    expect(await readRun(account, run)).toEqual(before);
    expect(await listDeadLetters(account)).toEqual([]);
  });

  it("buries the assets that were not taken and delivers their neighbours", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "1", c: "1" });
    const batch = await takeBatch(account);
    const rejected = [{ index: 1, letter: letterOf("b", "operating system unknown") }];
    expect(await acknowledge(account, batch, 1, rejected)).toMatchObject({
      delivered: 2,
      dead: 1,
    });
    expect(await readRun(account, run)).toMatchObject({ delivered: 2, dead: 1, pending: 0 });
    expect(await listDeadLetters(account)).toMatchObject([
      { key: "b", message: "operating system unknown", run, id: idOf("b").toString("hex") },
    ]);
  });

  it("books each asset in its own run", async () => {
    const account = await freshAccount();
    const [first, second] = [await openTestRun(account), await openTestRun(account)];
    await load(account, first, { a: "1", b: "1" });
    await load(account, second, { c: "1" });
    expect(await deliverNext(account, "b")).toEqual(["a 1", "b 1", "c 1"]);
    expect(await readRun(account, first)).toMatchObject({ delivered: 1, dead: 1, batches: 1 });
    expect(await readRun(account, second)).toMatchObject({ delivered: 1, dead: 0, batches: 1 });
  });
});

describe("a parked version, when the batch of its asset ends", () => {
  it("waits to be cut when it says something new, before what came later", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    const batch = await takeBatch(account);
    await load(account, run, { a: "2", b: "1" });
    await acknowledge(account, batch, 1, []);
    expect(await recountPending(account, run)).toBe(2);
    expect(await deliverNext(account)).toEqual(["a 2", "b 1"]);
    expect(await readRun(account, run)).toMatchObject({ delivered: 3, pending: 0 });
  });

  it("is unchanged when it equals what was just delivered", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    const batch = await takeBatch(account);
    await load(account, run, { a: "1" });
    await acknowledge(account, batch, 1, []);
    expect(await readRun(account, run)).toMatchObject({ delivered: 1, unchanged: 1, pending: 0 });
    expect(await cutWith(account)).toEqual({ kind: "empty" });
    expect(await account.client.keys(account.key("seg:*"))).toEqual([]);
  });

  it("is dead without a call when it equals what was just refused", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "bad" });
    const batch = await takeBatch(account);
    const again = await openTestRun(account);
    await load(account, again, { a: "bad" });
    await acknowledge(account, batch, 1, [{ index: 0, letter: letterOf("a") }]);
    expect(await readRun(account, run)).toMatchObject({ dead: 1, pending: 0 });
    expect(await readRun(account, again)).toMatchObject({ dead: 1, pending: 0 });
    expect(await cutWith(account)).toEqual({ kind: "empty" });
    expect(await listDeadLetters(account)).toMatchObject([{ key: "a", run: again }]);
  });

  it("is unchanged when what is in flight was refused and Qualys still has this content", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    await deliverNext(account);
    await load(account, run, { a: "bad" });
    const batch = await takeBatch(account);
    await load(account, run, { a: "1" });
    await acknowledge(account, batch, 1, [{ index: 0, letter: letterOf("a") }]);
    expect(await readRun(account, run)).toMatchObject({ delivered: 1, dead: 1, unchanged: 1 });
    // Qualys has the newest state: nobody has to look at the one between.
    expect(await listDeadLetters(account)).toEqual([]);
  });

  it("takes the letter away about a record between it and the one in flight, when it is unchanged", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    const batch = await takeBatch(account);
    const malformed = await store(account, run, 1);
    const dead = [{ id: idOf("a"), version: versionOf(malformed, 0), letter: letterOf("a") }];
    await settle(account, malformed, { assets: [], dead, coalesced: 0, warnings: {} });
    await load(account, run, { a: "1" });
    await acknowledge(account, batch, 1, []);
    expect(await listDeadLetters(account)).toEqual([]);
  });

  it("waits in the lane it came with", async () => {
    const account = await freshAccount();
    const [live, backfill] = [
      await openTestRun(account, "live"),
      await openTestRun(account, "backfill"),
    ];
    await load(account, backfill, { a: "1" });
    const batch = await takeBatch(account);
    await load(account, backfill, { a: "2" });
    await acknowledge(account, batch, 1, []);
    await load(account, live, { b: "1" });
    expect(assetsIn(await takeBatch(account))).toEqual(["b 1", "a 2"]);
  });

  it("gives way to a newer one that arrives before it is cut", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    const batch = await takeBatch(account);
    await load(account, run, { a: "2" });
    await acknowledge(account, batch, 1, []);
    await load(account, run, { a: "3" });
    expect(await deliverNext(account)).toEqual(["a 3"]);
    expect(await cutWith(account)).toEqual({ kind: "empty" });
    expect(await readRun(account, run)).toMatchObject({ delivered: 2, coalesced: 1, pending: 0 });
  });
});

describe("split", () => {
  it("makes batches of the parts, each with a request of its own; the assets stay in flight", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "1", c: "1" });
    const batch = await takeBatch(account);
    const parts = [batch.bodies.slice(0, 2), batch.bodies.slice(2)];
    const numbers = await splitBatch(account, batch, parts);
    const halves = await Promise.all(numbers.map((number) => loadBatch(account, number)));
    expect(halves.map((half) => half && assetsIn(half))).toEqual([["a 1", "b 1"], ["c 1"]]);
    expect(new Set([batch, ...halves].map((one) => one?.requestId)).size).toBe(3);
    expect(await loadBatch(account, batch.number)).toBeNull();
    expect(await readBacklog(account)).toMatchObject({ inFlight: 3, batches: 2 });
    expect(await readRun(account, run)).toMatchObject({ batches: 3, pending: 3 });
    expect(await recountPending(account, run)).toBe(3);
  });

  it("lets each part end by itself, with the parked versions of its own assets", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "1" });
    const batch = await takeBatch(account);
    const [first = 0, second = 0] = await splitBatch(
      account,
      batch,
      batch.bodies.map((body) => [body]),
    );
    await load(account, run, { a: "2", b: "2" });
    await acknowledge(account, { number: first, bodies: [] }, 1, []);
    expect(assetsIn(await takeBatch(account))).toEqual(["a 2"]);
    await acknowledge(account, { number: second, bodies: [] }, 2, [
      { index: 0, letter: letterOf("b") },
    ]);
    expect(assetsIn(await takeBatch(account))).toEqual(["b 2"]);
    expect(await readRun(account, run)).toMatchObject({ delivered: 1, dead: 1, pending: 2 });
  });

  it("keeps the versions in flight: an older one that arrives is not sent after them", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const [older, newer] = [await store(account, run, 1), await store(account, run, 1)];
    await settleAs(account, newer, { a: "2" });
    const batch = await takeBatch(account);
    await splitBatch(account, batch, [batch.bodies]);
    expect(await settleAs(account, older, { a: "1" })).toMatchObject({ coalesced: 1, parked: 0 });
  });

  it("makes nothing of a batch that is settled", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "1" });
    const batch = await takeBatch(account);
    await acknowledge(account, batch, 1, []);
    const parts = batch.bodies.map((body) => [body]);
    expect(await splitBatch(account, batch, parts)).toEqual([]);
    expect(await readBacklog(account)).toMatchObject({ inFlight: 0, batches: 0 });
  });

  it("refuses parts that are not the whole, and changes nothing", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "1" });
    const batch = await takeBatch(account);
    await expect(splitBatch(account, batch, [batch.bodies.slice(0, 1)])).rejects.toThrow(
      "the parts are not the whole",
    );
    expect(await loadBatch(account, batch.number)).toEqual(batch);
    expect(await readBacklog(account)).toMatchObject({ inFlight: 2, batches: 1 });
  });

  it("leaves a batch alone while its chunk's other assets wait", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const sequence = await store(account, run, 2);
    await settleAs(account, sequence, { a: "1", b: "1" });
    const batch = await takeBatch(account, { assetsMax: 1 });
    await splitBatch(account, batch, [batch.bodies]);
    expect(await deliverNext(account)).toEqual(["b 1"]);
  });
});
