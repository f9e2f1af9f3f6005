import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Account } from "./account.ts";
import { admitChunk, recallChunks } from "./admit.ts";
import { recountPending } from "./audit.ts";
import { look } from "./governor.ts";
import { Queues } from "./queues.ts";
import { readRun } from "./runs.ts";
import { deliverNext, freshAccount, openTestRun, settleAs, store } from "./test-account.ts";
import { waitingChunks } from "./waiting-chunks.ts";

/** An account whose outbox is full with four chunks: so many are settled, however large they are. */
async function fullOutbox(): Promise<{ account: Account; run: string }> {
  const account = await freshAccount({ queueBytesMax: 8_000 });
  const run = await openTestRun(account);
  for (const key of ["a", "b", "c", "d"]) {
    const sequence = await store(account, run, 1);
    expect(await isAdmitted(account, sequence)).toBe(true);
    await settleAs(account, sequence, { [key]: randomBytes(600).toString("hex") });
  }
  return { account, run };
}

async function isAdmitted(account: Account, sequence: number): Promise<boolean> {
  await using queues = new Queues(account);
  return await admitChunk(account, queues, sequence);
}

async function jobs(account: Account): Promise<number | undefined> {
  await using queues = new Queues(account);
  await recallChunks(account, queues);
  return (await queues.counts())["intake-backfill"]?.waiting;
}

/** The chunks that a sweep looks after. */
async function swept(account: Account): Promise<number[]> {
  const { nowMs } = await look(account);
  const sequences: number[] = [];
  for await (const { sequence } of waitingChunks(account, nowMs)) sequences.push(sequence);
  return sequences;
}

describe("a chunk of a backfill whose outbox is full", () => {
  it("is put off, and comes back with a job of its own when some was sent", async () => {
    const { account, run } = await fullOutbox();
    await using queues = new Queues(account);
    const sequence = await store(account, run, 1);
    // Its job has not ended yet when it comes back.
    await queues.addChunk("backfill", sequence);
    expect(await isAdmitted(account, sequence)).toBe(false);
    expect(await jobs(account)).toBe(1);
    await deliverNext(account);
    expect(await jobs(account)).toBe(2);
    expect(await isAdmitted(account, sequence)).toBe(true);
    expect(await jobs(account)).toBe(2);
  });

  it("is still counted as pending, and nothing for the sweep", async () => {
    const { account, run } = await fullOutbox();
    const sequence = await store(account, run, 7);
    expect(await swept(account)).toContain(sequence);
    await isAdmitted(account, sequence);
    expect(await swept(account)).not.toContain(sequence);
    expect(await recountPending(account, run)).toBe((await readRun(account, run))?.pending);
    await deliverNext(account);
    await jobs(account);
    expect(await swept(account)).toContain(sequence);
  });

  it("is forgotten when it is settled nevertheless", async () => {
    const { account, run } = await fullOutbox();
    const sequence = await store(account, run, 1);
    await isAdmitted(account, sequence);
    await settleAs(account, sequence, { e: "1" });
    await deliverNext(account);
    expect(await jobs(account)).toBe(0);
  });

  it("holds up neither live assets nor another connector", async () => {
    const { account } = await fullOutbox();
    const live = await store(account, await openTestRun(account, "live"), 1);
    const other = await store(account, await openTestRun(account, "backfill", "other"), 1);
    expect(await isAdmitted(account, live)).toBe(true);
    expect(await isAdmitted(account, other)).toBe(true);
  });
});
