import { describe, expect, it } from "vitest";
import type { Account } from "./account.ts";
import { recountPending } from "./audit.ts";
import {
  acknowledge,
  loadBatch,
  oldBatches,
  quarantineBatch,
  readEvidence,
  sendCanary,
  splitBatch,
  type Batch,
} from "./batches.ts";
import { settleCall } from "./budget.ts";
import { listDeadLetters } from "./dead-letters.ts";
import { look } from "./governor.ts";
import { beginHold, endHolds } from "./holds.ts";
import { readRun } from "./runs.ts";
import {
  assetsIn,
  CONNECTOR,
  cutWith,
  deliverNext,
  freshAccount,
  letterOf,
  load,
  openTestRun,
  takeBatch,
} from "./test-account.ts";
import { callOf, reserveNow, reserveWith, type CallFacts } from "./test-calls.ts";

/** So many calls that a batch which is not full never waits for the next. */
const WIDE = { limit: 1_000_000, windowMs: 60_000, concurrency: 1_000 };

/** The batch of that number, which must be there. */
async function loaded(account: Account, number: number): Promise<Batch> {
  const batch = await loadBatch(account, number);
  if (batch === null) throw new Error(`batch ${number} is not there`);
  return batch;
}

/** A call for a batch, with its answer. */
async function call(account: Account, batch: Batch, facts: CallFacts): Promise<number> {
  const { number, isCanary, isSuspect, failures } = batch;
  const reserved = await reserveNow(account, { isSuspect, policy: { fallback: WIDE } });
  await settleCall(
    account,
    callOf({ call: reserved, batch: number, isCanary, isSuspect, failures, ...facts }),
  );
  return reserved;
}

/** An account whose connector has delivered "a 1", and a batch of "b 1" and "c 1" that was cut after it. */
async function doubtfulBatch() {
  const account = await freshAccount();
  const run = await openTestRun(account);
  await load(account, run, { a: "1" });
  const first = await takeBatch(account);
  await call(account, first, {});
  await acknowledge(account, first, 1, []);
  await load(account, run, { b: "1", c: "1" });
  return { account, run, batch: await takeBatch(account) };
}

describe("a canary", () => {
  it("is the asset that was taken last, in a batch that is on no run's books", async () => {
    const { account, run, batch } = await doubtfulBatch();
    const probe = await sendCanary(account, batch.number);
    if (probe.kind !== "sent") throw new Error(probe.kind);
    const canary = await loaded(account, probe.canary);
    expect(assetsIn(canary)).toEqual(["a 1"]);
    expect(canary).toMatchObject({ isCanary: true, lane: "live" });
    expect(await recountPending(account, run)).toBe(2);
    const before = await readRun(account, run);
    await call(account, canary, {});
    const ended = await acknowledge(account, canary, 2, []);
    expect(ended).toMatchObject({ delivered: 0, dead: 0 });
    expect(await readRun(account, run)).toEqual({ ...before, calls: (before?.calls ?? 0) + 1 });
    expect(await loadBatch(account, canary.number)).toBeNull();
  });

  it("is sent once, however many batches are in doubt", async () => {
    const { account, batch } = await doubtfulBatch();
    const probe = await sendCanary(account, batch.number);
    expect(await sendCanary(account, batch.number)).toEqual(probe);
  });

  it("keeps newer versions of its asset parked, and they go on after it", async () => {
    const { account, run, batch } = await doubtfulBatch();
    const probe = await sendCanary(account, batch.number);
    expect(await load(account, run, { a: "2" })).toMatchObject({ parked: 1 });
    if (probe.kind !== "sent") throw new Error(probe.kind);
    await acknowledge(account, await loaded(account, probe.canary), 2, []);
    expect(await deliverNext(account)).toEqual(["a 2"]);
  });

  it.for([
    ["waits", async () => {}],
    ["is in flight", async (account: Account) => void (await takeBatch(account))],
  ] as const)("is not sent while a newer version of it %s", async ([, act]) => {
    const { account, run, batch } = await doubtfulBatch();
    await load(account, run, { a: "2" });
    await act(account);
    expect(await sendCanary(account, batch.number)).toMatchObject({ kind: "none" });
    expect((await look(account, CONNECTOR)).standing.hasCanary).toBe(false);
  });

  it("that is refused is no dead letter and no canary any more", async () => {
    const { account, batch } = await doubtfulBatch();
    const probe = await sendCanary(account, batch.number);
    if (probe.kind !== "sent") throw new Error(probe.kind);
    const canary = await loaded(account, probe.canary);
    await call(account, canary, { outcome: "refused" });
    await acknowledge(account, canary, 2, [{ index: 0, letter: letterOf("a") }]);
    expect(await listDeadLetters(account)).toEqual([]);
    expect(await sendCanary(account, batch.number)).toMatchObject({ kind: "held" });
    await endHolds(account);
    expect(await sendCanary(account, batch.number)).toEqual({ kind: "none", others: 0 });
    const again = await openTestRun(account);
    expect(await load(account, again, { a: "1" })).toMatchObject({ unchanged: 1 });
  });

  it("is not sent while its connector or the account is held", async () => {
    const { account, batch } = await doubtfulBatch();
    const hold = { reason: "operator", durationMs: 60_000, message: "" } as const;
    await beginHold(account, { ...hold, scope: CONNECTOR });
    const probe = await sendCanary(account, batch.number);
    expect(probe).toMatchObject({ kind: "held" });
  });

  it("that is not there leaves the doubt to the connector's own batches: another's tell nothing", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "1" });
    await load(account, await openTestRun(account, "backfill", "other"), { c: "1" });
    const batch = await takeBatch(account, { assetsMax: 1 });
    await takeBatch(account, { connector: "other" });
    expect(await sendCanary(account, batch.number)).toEqual({ kind: "none", others: 0 });
    await takeBatch(account);
    expect(await sendCanary(account, batch.number)).toEqual({ kind: "none", others: 1 });
  });

  it("is not sent for a batch that is settled", async () => {
    const { account, batch } = await doubtfulBatch();
    await acknowledge(account, batch, 2, []);
    expect(await sendCanary(account, batch.number)).toEqual({ kind: "gone" });
  });
});

describe("what a batch has met with", () => {
  it("is kept with it: equal failures, and the doubt they raise", async () => {
    const { account, batch } = await doubtfulBatch();
    const facts = { outcome: "unavailable", status: 500 } as const;
    for (let time = 0; time < 3; time += 1) {
      await call(account, await loaded(account, batch.number), facts);
      await endHolds(account, { reason: "unavailable" });
    }
    const { failures, doubt } = await loaded(account, batch.number);
    expect(failures).toEqual({ what: "unavailable 500", inRow: 3, firstCall: 2 });
    expect(doubt).toMatchObject({ reason: "unavailable", call: 4, firstCall: 2 });
  });

  it("is held against what the others met with", async () => {
    const { account, batch } = await doubtfulBatch();
    const other = { ...batch, number: 99 };
    expect(await readEvidence(account, batch)).toMatchObject({ acceptedCall: 1, failedCall: 0 });
    await call(account, batch, { outcome: "unavailable" });
    await endHolds(account);
    expect(await readEvidence(account, batch)).toMatchObject({ failedCall: 0, vouchedCall: 2 });
    expect(await readEvidence(account, other)).toMatchObject({ failedCall: 2 });
  });

  it("without an answer makes its refusal void what the ledger says of its assets", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    await deliverNext(account);
    await load(account, run, { a: "2" });
    const batch = await takeBatch(account);
    await call(account, batch, { outcome: "unknown" });
    await acknowledge(account, batch, 2, [{ index: 0, letter: letterOf("a") }]);
    // Qualys may have the second version, so the first one is no repetition.
    expect(await load(account, run, { a: "1" })).toMatchObject({ waiting: 1, unchanged: 0 });
  });
});

describe("a guilty batch", () => {
  it("becomes suspects, and so do their parts; they are no others, until they are settled", async () => {
    const { account, batch } = await doubtfulBatch();
    const [first = 0] = await splitBatch(account, batch, [batch.bodies], true);
    const suspect = await loaded(account, first);
    expect(suspect.isSuspect).toBe(true);
    expect(await look(account)).toMatchObject({ pending: 2, others: 0 });
    const parts = suspect.bodies.map((body) => [body]);
    const [one = 0, two = 0] = await splitBatch(account, suspect, parts);
    await acknowledge(account, await loaded(account, one), 2, []);
    await acknowledge(account, await loaded(account, two), 3, [
      { index: 0, letter: letterOf("c") },
    ]);
    expect(await look(account)).toMatchObject({ pending: 0, others: 0 });
  });

  it("tells how many of the assets decided of late were refused", async () => {
    const { account, batch } = await doubtfulBatch();
    const { ofLate } = await acknowledge(account, batch, 2, [{ index: 0, letter: letterOf("b") }]);
    expect(ofLate).toEqual({ decided: 3, refused: 1 });
    await endHolds(account);
    const run = await openTestRun(account);
    await load(account, run, { d: "1" });
    const next = await takeBatch(account);
    expect((await acknowledge(account, next, 3, [])).ofLate).toEqual({ decided: 1, refused: 0 });
  });
});

describe("quarantine", () => {
  /** A suspect in quarantine, beside an outbox with something else in it. */
  async function quarantined() {
    const { account, run, batch } = await doubtfulBatch();
    const [number = 0] = await splitBatch(account, batch, [batch.bodies], true);
    await load(account, run, { d: "1", e: "1" });
    await quarantineBatch(account, number);
    return { account, run, number };
  }

  it("keeps a batch on the books, out of the way of sweep and cut", async () => {
    const { account, run, number } = await quarantined();
    expect(await oldBatches(account, 0)).toEqual([]);
    expect(await recountPending(account, run)).toBe(4);
    expect(await loadBatch(account, number)).not.toBeNull();
  });

  it("gives a batch back while its share of the window's calls lasts", async () => {
    const { account, number } = await quarantined();
    expect(await cutWith(account)).toEqual({
      kind: "batch",
      batch: number,
      assets: 2,
      lane: "backfill",
    });
    expect(await oldBatches(account, 0)).toEqual([number]);
  });

  it("gives nothing back beyond the share while others need the calls, and all when none do", async () => {
    const { account, number } = await quarantined();
    const policy = { fallback: { limit: 2, windowMs: 60_000, concurrency: 5 } };
    const suspect = { isSuspect: true, policy };
    expect(await reserveWith(account, suspect)).toMatchObject({ kind: "go" });
    expect(await reserveWith(account, suspect)).toMatchObject({ scope: "suspects" });
    const others = await takeBatch(account, { assetsMax: 2 });
    expect(assetsIn(others)).toEqual(["d 1", "e 1"]);
    await acknowledge(account, others, 9, []);
    expect(await cutWith(account)).toMatchObject({ kind: "batch", batch: number });
  });

  it("keeps its connector in the backlog when nothing else waits", async () => {
    const { account } = await quarantined();
    const policy = { fallback: { limit: 2, windowMs: 60_000, concurrency: 5 } };
    await reserveWith(account, { isSuspect: true, policy });
    await takeBatch(account, { assetsMax: 2 });
    expect(await cutWith(account)).toEqual({ kind: "wait", delayMs: 1_000 });
    expect(await account.client.smembers(account.key("backlog"))).toEqual([CONNECTOR]);
  });

  it("of a batch that is settled, or of one that is there already, changes nothing", async () => {
    const { account, number } = await quarantined();
    await quarantineBatch(account, number);
    expect(await account.client.llen(account.key(`quarantine:${CONNECTOR}`))).toBe(1);
    await quarantineBatch(account, 999);
    expect(await account.client.llen(account.key(`quarantine:${CONNECTOR}`))).toBe(1);
  });
});

describe("an operator's word", () => {
  it("is known to every doubt that was raised before it", async () => {
    const { account, batch } = await doubtfulBatch();
    const reserved = await call(account, batch, { outcome: "refused" });
    expect(await readEvidence(account, batch)).toMatchObject({ vouchedCall: 0 });
    await endHolds(account);
    expect(await readEvidence(account, batch)).toMatchObject({ vouchedCall: reserved });
  });
});
