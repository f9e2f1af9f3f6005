import { Queue } from "bullmq";
import { describe, expect, it } from "vitest";
import type { Account } from "./account.ts";
import { settleCall } from "./budget.ts";
import { consumeBatches, consumeChunks, type Disposition } from "./consume.ts";
import { NewerFormatError } from "./format.ts";
import { beginHold, endHolds } from "./holds.ts";
import { OUTBOUND_QUEUE, Queues } from "./queues.ts";
import { callOf, reserveWith } from "./test-calls.ts";
import { Wakes } from "./wakes.ts";
import { eventually, freshAccount, load, openTestRun } from "./test-account.ts";

const quiet = { concurrency: 4, onError: () => {} };

async function governedQueues(account: Account, concurrency = 10): Promise<Queues> {
  const queues = new Queues(account);
  await queues.governOutbound(concurrency);
  return queues;
}

describe("consuming batches", () => {
  it("hands each batch out once, in order, over several consumers", async () => {
    const account = await freshAccount();
    await using queues = await governedQueues(account);
    const handed: number[] = [];
    const handle = async (batch: number): Promise<Disposition> => {
      handed.push(batch);
      return { kind: "done" };
    };
    for (let batch = 1; batch <= 20; batch += 1) await queues.addBatch(batch, "backfill");
    await using _one = consumeBatches(account, quiet, handle);
    await using _two = consumeBatches(account, quiet, handle);
    await eventually(() => expect(handed).toHaveLength(20));
    expect(handed.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    await eventually(async () => {
      expect((await queues.counts())["outbound"]).toEqual({ waiting: 0, active: 0, failed: 0 });
    });
  });

  it("fetches nothing during a hold, on any consumer, and goes on at its end", async () => {
    const account = await freshAccount();
    await using queues = await governedQueues(account);
    const sent: number[] = [];
    let turnedAway = 0;
    const handle = async (batch: number): Promise<Disposition> => {
      const permit = await reserveWith(account);
      if (permit.kind === "wait") {
        if (permit.reason === "account rate-limit") turnedAway += 1;
        return { kind: "later", delayMs: permit.delayMs };
      }
      sent.push(batch);
      await settleCall(account, callOf({ call: permit.call }));
      return { kind: "done" };
    };
    await using _one = consumeBatches(account, quiet, handle);
    await using _two = consumeBatches(account, quiet, handle);
    await queues.addBatch(1, "backfill");
    await eventually(() => expect(sent).toEqual([1]));

    await beginHold(account, {
      scope: "account",
      reason: "rate-limit",
      durationMs: 3_000,
      message: "",
    });
    for (let batch = 2; batch <= 6; batch += 1) await queues.addBatch(batch, "backfill");
    expect(sent).toEqual([1]);
    await eventually(() => expect(sent).toHaveLength(6));
    expect(sent.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]);
    // A consumer that fetches in the hold's last millisecond may be turned away; one that does not obey spins.
    expect(turnedAway).toBeLessThanOrEqual(5);
  });

  it("stops all consumers when one is told to wait, gives its batch back and counts no attempt", async () => {
    const account = await freshAccount();
    await using queues = await governedQueues(account);
    await beginHold(account, {
      scope: "account",
      reason: "operator",
      durationMs: null,
      message: "",
    });
    // As on a server that restarted without BullMQ's key: our own hold is the truth.
    await account.client.del(account.key("outbound:limiter"));
    const sent: number[] = [];
    let asked = 0;
    const handle = async (batch: number): Promise<Disposition> => {
      asked += 1;
      const permit = await reserveWith(account);
      if (permit.kind === "wait") return { kind: "later", delayMs: permit.delayMs };
      sent.push(batch);
      await settleCall(account, callOf({ call: permit.call }));
      return { kind: "done" };
    };
    await using _consumer = consumeBatches(account, { ...quiet, concurrency: 1 }, handle);
    for (let batch = 1; batch <= 3; batch += 1) await queues.addBatch(batch, "backfill");
    await eventually(async () => {
      expect(asked).toBe(1);
      expect((await queues.counts())["outbound"]).toEqual({ waiting: 3, active: 0, failed: 0 });
    });
    const queue = new Queue(OUTBOUND_QUEUE, {
      connection: account.client,
      prefix: account.queuePrefix,
    });
    expect((await queue.getJob("batch-1"))?.attemptsMade).toBe(0);
    await queue.close();
    expect(sent).toEqual([]);
    await endHolds(account);
    await eventually(() => expect(sent).toEqual([1, 2, 3]));
    expect(asked).toBe(4);
  });

  it("keeps a batch in hand for a short wait, and gives it back when it stops", async () => {
    const account = await freshAccount();
    await using queues = await governedQueues(account);
    let asked = 0;
    const consumer = consumeBatches(account, quiet, async () => {
      asked += 1;
      return { kind: "later", delayMs: 100 };
    });
    const counts = async () => (await queues.counts())["outbound"];
    await queues.addBatch(1, "backfill");
    await eventually(() => expect(asked).toBeGreaterThan(2));
    expect(await counts()).toEqual({ waiting: 0, active: 1, failed: 0 });
    await consumer[Symbol.asyncDispose]();
    expect(await counts()).toEqual({ waiting: 1, active: 0, failed: 0 });
  });

  it("lets a batch step aside for its connector's hold and the others pass", async () => {
    const account = await freshAccount();
    await using queues = await governedQueues(account);
    let isHeld = true;
    const sent: number[] = [];
    const handle = async (batch: number): Promise<Disposition> => {
      if (batch === 1 && isHeld) return { kind: "aside", delayMs: 3_600_000 };
      sent.push(batch);
      return { kind: "done" };
    };
    for (const batch of [1, 2, 3]) await queues.addBatch(batch, "backfill");
    await using _consumer = consumeBatches(account, { ...quiet, concurrency: 1 }, handle);
    await eventually(async () => {
      expect(sent).toEqual([2, 3]);
      expect((await queues.counts())["outbound"]).toEqual({ waiting: 1, active: 0, failed: 0 });
    });
    isHeld = false;
    await queues.promoteDelayed();
    await eventually(() => expect(sent).toEqual([2, 3, 1]));
  });

  it("puts the parts of a batch before those that wait", async () => {
    const account = await freshAccount();
    await using queues = await governedQueues(account);
    for (const batch of [1, 2]) await queues.addBatch(batch, "backfill");
    for (const part of [4, 3]) await queues.addPart(part);
    const sent: number[] = [];
    await using _consumer = consumeBatches(account, { ...quiet, concurrency: 1 }, async (batch) => {
      sent.push(batch);
      return { kind: "done" };
    });
    await eventually(() => expect(sent).toEqual([3, 4, 1, 2]));
  });

  it("has no more batches in hand than are allowed at once over all consumers", async () => {
    const account = await freshAccount();
    await using queues = await governedQueues(account, 2);
    let inHand = 0;
    let most = 0;
    const sent: number[] = [];
    const two = Promise.withResolvers<void>();
    const handle = async (batch: number): Promise<Disposition> => {
      inHand += 1;
      most = Math.max(most, inHand);
      if (inHand === 2) two.resolve();
      await two.promise;
      await account.client.ping();
      inHand -= 1;
      sent.push(batch);
      return { kind: "done" };
    };
    for (let batch = 1; batch <= 30; batch += 1) await queues.addBatch(batch, "backfill");
    await using _one = consumeBatches(account, quiet, handle);
    await using _two = consumeBatches(account, quiet, handle);
    await eventually(() => expect(sent).toHaveLength(30));
    expect(most).toBe(2);
  });

  it("tries a batch again however often its handling failed", async () => {
    const account = await freshAccount();
    await using queues = await governedQueues(account);
    await queues.addBatch(1, "backfill");
    await account.client.hset(account.key("outbound:batch-1"), "atm", 1_000);
    const errors: string[] = [];
    await using _consumer = consumeBatches(
      account,
      { concurrency: 1, onError: (error) => errors.push(error.message) },
      () => Promise.reject(new Error("no answer makes sense")),
    );
    await eventually(async () => {
      expect(errors).toEqual(["no answer makes sense"]);
      expect((await queues.counts())["outbound"]).toEqual({ waiting: 1, active: 0, failed: 0 });
    });
  });

  it("waits at its end for the batches in hand", async () => {
    const account = await freshAccount();
    await using queues = await governedQueues(account);
    await queues.addBatch(1, "backfill");
    const { promise: answer, resolve } = Promise.withResolvers<void>();
    const steps: string[] = [];
    const consumer = consumeBatches(account, quiet, async () => {
      steps.push("begun");
      await answer;
      steps.push("done");
      return { kind: "done" };
    });
    await eventually(() => expect(steps).toEqual(["begun"]));
    const closing = consumer[Symbol.asyncDispose]().then(() => steps.push("closed"));
    resolve();
    await closing;
    expect(steps).toEqual(["begun", "done", "closed"]);
    expect((await queues.counts())["outbound"]).toEqual({ waiting: 0, active: 0, failed: 0 });
  });
});

describe("consuming chunks", () => {
  it("tries a chunk again whose handling failed, and tells the error", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    await queues.addChunk("live", 7);
    const errors: string[] = [];
    const handled: number[] = [];
    let tries = 0;
    await using _consumer = consumeChunks(
      account,
      "live",
      { concurrency: 1, onError: (error) => errors.push(error.message) },
      async (sequence) => {
        tries += 1;
        if (tries === 1) throw new Error("the disk is full");
        handled.push(sequence);
      },
    );
    await eventually(() => expect(handled).toEqual([7]));
    expect(errors).toEqual(["the disk is full"]);
    await eventually(async () => {
      expect((await queues.counts())["intake-live"]).toEqual({ waiting: 0, active: 0, failed: 0 });
    });
  });

  it("lets a chunk of a newer format step aside, and counts no attempt", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    await queues.addChunk("live", 1);
    await queues.addChunk("live", 2);
    const errors: string[] = [];
    const handed: number[] = [];
    const options = { concurrency: 1, onError: (error: Error) => void errors.push(error.name) };
    await using _ = consumeChunks(account, "live", options, async (sequence) => {
      handed.push(sequence);
      if (sequence === 1 && handed.length < 4) throw new NewerFormatError(9);
    });
    await eventually(async () => {
      expect(await queues.counts()).toMatchObject({ "intake-live": { waiting: 0, active: 0 } });
    });
    expect(handed).toEqual([1, 2, 1, 1]);
    expect(errors).toEqual(["NewerFormatError", "NewerFormatError"]);
  });

  it("hands a chunk out again however often its worker died", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    await queues.addChunk("live", 7);
    const handed: string[] = [];
    const { promise: death, resolve: die } = Promise.withResolvers<void>();
    const single = { ...quiet, concurrency: 1 };
    await using _one = consumeChunks(account, "live", single, async () => {
      handed.push("one");
      await death;
    });
    await eventually(() => expect(handed).toEqual(["one"]));
    const job = account.key("intake-live:chunk-7");
    await account.client.hset(job, "stc", 1_000);
    await account.client.del(`${job}:lock`);
    await using _two = consumeChunks(account, "live", single, async () => {
      handed.push("two");
    });
    await eventually(() => expect(handed).toEqual(["one", "two"])).finally(die);
    await eventually(async () => {
      expect((await queues.counts())["intake-live"]).toEqual({ waiting: 0, active: 0, failed: 0 });
    });
  });

  it("keeps the lanes apart", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    const handled: string[] = [];
    await queues.addChunk("live", 1);
    await queues.addChunk("backfill", 2);
    await using _live = consumeChunks(account, "live", quiet, async (sequence) => {
      handled.push(`live ${sequence}`);
    });
    await using _backfill = consumeChunks(account, "backfill", quiet, async (sequence) => {
      handled.push(`backfill ${sequence}`);
    });
    await eventually(() => expect(handled.toSorted()).toEqual(["backfill 2", "live 1"]));
  });
});

describe("a wake", () => {
  it("reaches whoever waits for something to cut", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    let wakes = 0;
    await using _subscription = await Wakes.subscribe(account, () => {
      wakes += 1;
    });
    await load(account, run, { a: "1" });
    await eventually(() => expect(wakes).toBe(1));
  });
});
