import { versionOf } from "@sluice/inventory";
import { describe, expect, it } from "vitest";
import { recountPending } from "./audit.ts";
import { readBacklog } from "./backlog.ts";
import { acknowledge } from "./batches.ts";
import { listDeadLetters } from "./dead-letters.ts";
import { settle } from "./outbox.ts";
import { readRun, sealRun } from "./runs.ts";
import {
  assetOf,
  assetsIn,
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

describe("settle", () => {
  it("lets what is new wait to be cut", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    expect(await load(account, run, { a: "1", b: "2" })).toEqual({
      kind: "settled",
      waiting: 2,
      parked: 0,
      unchanged: 0,
      coalesced: 0,
      dead: 0,
    });
    expect(await readBacklog(account)).toMatchObject({ records: 0, outbox: 2 });
    expect(await readRun(account, run)).toMatchObject({ read: 2, pending: 2 });
    expect(await recountPending(account, run)).toBe(2);
  });

  it("decides a chunk once: the second worker changes nothing", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const sequence = await store(account, run, 1);
    await settleAs(account, sequence, { a: "1" });
    const before = await readRun(account, run);
    expect(await settleAs(account, sequence, { a: "other" })).toEqual({ kind: "gone" });
    expect(await readRun(account, run)).toEqual(before);
    expect(await deliverNext(account)).toEqual(["a 1"]);
    expect(await settleAs(account, sequence, { a: "other" })).toEqual({ kind: "gone" });
    expect(await readRun(account, run)).toMatchObject({ delivered: 1, pending: 0 });
  });

  it("coalesces a version that arrives after a newer one is waiting", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const [older, newer] = [await store(account, run, 1), await store(account, run, 1)];
    await settleAs(account, newer, { a: "new" });
    expect(await settleAs(account, older, { a: "old" })).toMatchObject({
      coalesced: 1,
      waiting: 0,
    });
    expect(await deliverNext(account)).toEqual(["a new"]);
  });

  it("coalesces a version that arrives after a newer one is in flight, parked or delivered", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const sequences = [];
    for (let i = 0; i < 5; i += 1) sequences.push(await store(account, run, 1));
    const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = sequences;
    await settleAs(account, second, { a: "2" });
    const batch = await takeBatch(account);
    expect(await settleAs(account, first, { a: "1" })).toMatchObject({ coalesced: 1, parked: 0 });
    expect(await settleAs(account, fourth, { a: "4" })).toMatchObject({ parked: 1 });
    expect(await settleAs(account, third, { a: "3" })).toMatchObject({ coalesced: 1, parked: 0 });
    await acknowledge(account, batch, 1, []);
    await settleAs(account, fifth, { a: "5" });
    expect(await deliverNext(account)).toEqual(["a 5"]);
    expect(await readRun(account, run)).toMatchObject({ delivered: 2, coalesced: 3, pending: 0 });
  });

  it("coalesces an older version although Qualys was sent the same content later", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const [older, newer] = [await store(account, run, 1), await store(account, run, 1)];
    await settleAs(account, newer, { a: "1" });
    await deliverNext(account);
    expect(await settleAs(account, older, { a: "1" })).toMatchObject({
      coalesced: 1,
      unchanged: 0,
    });
  });

  it("replaces an older version that is waiting", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "1" });
    expect(await load(account, run, { a: "2" })).toMatchObject({ waiting: 1, coalesced: 0 });
    expect(await readRun(account, run)).toMatchObject({ read: 3, coalesced: 1, pending: 2 });
    expect((await deliverNext(account)).sort()).toEqual(["a 2", "b 1"]);
    expect(await readRun(account, run)).toMatchObject({ delivered: 2, coalesced: 1, pending: 0 });
  });

  it("books a replaced version in the run it came with", async () => {
    const account = await freshAccount();
    const [first, second] = [await openTestRun(account), await openTestRun(account)];
    await load(account, first, { a: "1" });
    await sealRun(account, first);
    await load(account, second, { a: "2" });
    expect(await readRun(account, first)).toMatchObject({ state: "done", coalesced: 1 });
    expect(await readRun(account, second)).toMatchObject({ coalesced: 0, pending: 1 });
  });

  it("parks a newer version of an asset that is in flight, one for each asset", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    await takeBatch(account);
    expect(await load(account, run, { a: "2" })).toMatchObject({ parked: 1, waiting: 0 });
    expect(await load(account, run, { a: "3" })).toMatchObject({ parked: 1 });
    expect(await readBacklog(account)).toMatchObject({ inFlight: 1, parked: 1, outbox: 0 });
    expect(await readRun(account, run)).toMatchObject({ coalesced: 1, pending: 2 });
    expect(await recountPending(account, run)).toBe(2);
  });

  it("parks even what equals the ledger while a different version is in flight", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    await deliverNext(account);
    await load(account, run, { a: "2" });
    const batch = await takeBatch(account);
    expect(await load(account, run, { a: "1" })).toMatchObject({ parked: 1, unchanged: 0 });
    await acknowledge(account, batch, 2, []);
    expect(await deliverNext(account)).toEqual(["a 1"]);
  });

  it("finds what Qualys has already unchanged", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "1" });
    await deliverNext(account);
    const again = await openTestRun(account);
    expect(await load(account, again, { a: "1", b: "2" })).toMatchObject({
      unchanged: 1,
      waiting: 1,
    });
    expect(await deliverNext(account)).toEqual(["b 2"]);
  });

  it("coalesces the older version that waits when the newer one equals the ledger", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    await deliverNext(account);
    await load(account, run, { a: "2" });
    expect(await load(account, run, { a: "1" })).toMatchObject({ unchanged: 1 });
    expect(await readRun(account, run)).toMatchObject({
      read: 3,
      delivered: 1,
      unchanged: 1,
      coalesced: 1,
      pending: 0,
    });
    await expect(deliverNext(account)).rejects.toThrow("nothing was cut");
  });

  it("remembers an unchanged version as the newest, so that an older one is not sent after it", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    await deliverNext(account);
    const [older, newer] = [await store(account, run, 1), await store(account, run, 1)];
    await settleAs(account, newer, { a: "1" });
    expect(await settleAs(account, older, { a: "2" })).toMatchObject({ coalesced: 1, waiting: 0 });
  });

  it("buries what Qualys refused before without another call", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "bad", b: "1" });
    await deliverNext(account, "a");
    const again = await openTestRun(account);
    expect(await load(account, again, { a: "bad", b: "1" })).toMatchObject({
      dead: 1,
      unchanged: 1,
      waiting: 0,
    });
    const letters = await listDeadLetters(account);
    expect(letters).toMatchObject([{ key: "a", message: "refused", run: again }]);
  });

  it("remembers of a refusal only what its repetition needs, and asks for a letter about it", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "bad" });
    await deliverNext(account, "a");
    const memory = await account.client.hgetBuffer(account.key("refused:connector"), idOf("a"));
    expect(memory?.subarray(8).toString()).toBe('{"reason":"refused","message":"refused"}');
    const sequence = await store(account, run, 2);
    const assets = [
      assetOf("b", "1", versionOf(sequence, 0)),
      assetOf("a", "bad", versionOf(sequence, 1)),
    ];
    const settlement = { assets, dead: [], coalesced: 0, warnings: {} };
    const before = await readRun(account, run);
    expect(await settle(account, sequence, settlement)).toEqual({
      kind: "refused",
      refusals: [{ index: 1, reason: "refused", message: "refused" }],
    });
    expect(await readRun(account, run)).toEqual(before);
    const letter = { ...letterOf("a"), raw: '{"now":1}', line: 2 };
    const refused = [{ index: 1, letter }];
    expect(await settle(account, sequence, { ...settlement, refused })).toMatchObject({
      dead: 1,
      waiting: 1,
    });
    expect(await listDeadLetters(account)).toMatchObject([
      { raw: '{"now":1}', line: 2, version: versionOf(sequence, 1) },
    ]);
  });

  it("buries what Qualys refused before also while an older version is in flight", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "bad" });
    await deliverNext(account, "a");
    await load(account, run, { a: "good" });
    const batch = await takeBatch(account);
    expect(await load(account, run, { a: "bad" })).toMatchObject({ dead: 1, parked: 0 });
    await acknowledge(account, batch, 2, []);
    expect(await listDeadLetters(account)).toMatchObject([{ key: "a" }]);
    expect(await readRun(account, run)).toMatchObject({ delivered: 1, dead: 2, pending: 0 });
  });

  it("sends refused content again once it has changed", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "bad" });
    await deliverNext(account, "a");
    expect(await load(account, run, { a: "good" })).toMatchObject({ waiting: 1 });
    expect(await deliverNext(account)).toEqual(["a good"]);
    expect(await listDeadLetters(account)).toEqual([]);
  });

  it("buries records that cannot be sent, with the chunk's run and version", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const sequence = await store(account, run, 3);
    const version = versionOf(sequence, 2);
    const settled = await settle(account, sequence, {
      assets: [assetOf("a", "1", versionOf(sequence, 1))],
      dead: [{ id: idOf("b"), version, letter: letterOf("b", "no key") }],
      coalesced: 1,
      warnings: { "no-identity": 2 },
    });
    expect(settled).toMatchObject({ waiting: 1, coalesced: 1, dead: 1 });
    expect(await readRun(account, run)).toMatchObject({
      read: 3,
      coalesced: 1,
      dead: 1,
      pending: 1,
      warnings: { "no-identity": 2 },
    });
    expect(await listDeadLetters(account)).toMatchObject([
      { key: "b", message: "no key", id: idOf("b").toString("hex"), run, version },
    ]);
  });

  it("keeps the letter about the newest version, and counts the older one all the same", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const [older, newer] = [await store(account, run, 1), await store(account, run, 1)];
    for (const sequence of [newer, older]) {
      const letter = letterOf("a", `of ${sequence}`);
      const dead = [{ id: idOf("a"), version: versionOf(sequence, 0), letter }];
      await settle(account, sequence, { assets: [], dead, coalesced: 0, warnings: {} });
    }
    expect(await listDeadLetters(account)).toMatchObject([{ message: `of ${newer}` }]);
    expect(await readRun(account, run)).toMatchObject({ dead: 2, pending: 0 });
  });

  it("makes a sealed run done with its last record, and not before", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    const sequence = await store(account, run, 1);
    await sealRun(account, run);
    await settleAs(account, sequence, { a: "2" });
    expect(await readRun(account, run)).toMatchObject({ state: "sealed", doneAtMs: null });
    await deliverNext(account);
    expect(await readRun(account, run)).toMatchObject({
      state: "done",
      doneAtMs: expect.any(Number) as number,
    });
  });

  it("leaves nothing of a segment behind when all of it was replaced", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "1" });
    await load(account, run, { a: "2", b: "2" });
    expect(await account.client.exists(account.key("seg:1"))).toBe(0);
    expect(await deliverNext(account)).toEqual(["a 2", "b 2"]);
    expect(await account.client.hgetall(account.key("bytes"))).toEqual({
      intake: "0",
      outbox: "0",
      batches: "0",
    });
  });

  it("keeps the connectors of an account apart", async () => {
    const account = await freshAccount();
    const [here, there] = [
      await openTestRun(account),
      await openTestRun(account, "live", "elsewhere"),
    ];
    await load(account, here, { a: "1" });
    await deliverNext(account);
    expect(await load(account, there, { a: "1" })).toMatchObject({ waiting: 1, unchanged: 0 });
    expect(assetsIn(await takeBatch(account, { connector: "elsewhere" }))).toEqual(["a 1"]);
  });
});
