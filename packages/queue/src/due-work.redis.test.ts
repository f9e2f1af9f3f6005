import { describe, expect, it } from "vitest";
import { consumeBatches } from "./consume.ts";
import { lookForWork } from "./due-work.ts";
import { enqueueChunk } from "./enqueue.ts";
import { beginHold, endHolds } from "./holds.ts";
import { Queues } from "./queues.ts";
import { parseInfo } from "./server-check.ts";
import { eventually, freshAccount, load, openTestRun, takeBatch } from "./test-account.ts";
import { reserveNow, reserveWith } from "./test-calls.ts";
import { ownRedis } from "./test-server.ts";

const NOTHING = { chunks: 0, connectors: 0, batches: 0 };

describe("lookForWork", () => {
  it("sees chunks that nobody has taken, of both lanes", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    expect(await lookForWork(account)).toEqual(NOTHING);
    for (const lane of ["live", "backfill"] as const) {
      const run = await openTestRun(account, lane);
      const content = { source: "test", records: [{ text: "{}", line: 1 }] };
      await enqueueChunk(account, queues, { run, lane, producer: "p", ordinal: 1 }, content);
    }
    expect(await lookForWork(account)).toEqual({ ...NOTHING, chunks: 2 });
  });

  it("sees connectors with something to cut", async () => {
    const account = await freshAccount();
    await load(account, await openTestRun(account), { a: "1" });
    expect(await lookForWork(account)).toEqual({ ...NOTHING, connectors: 1 });
  });

  it("sees a batch when a call could be made for it, and only then", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    await load(account, await openTestRun(account), { a: "1" });
    const { number } = await takeBatch(account);
    await queues.addBatch(number, "backfill");
    const batches = async () => (await lookForWork(account))?.batches;
    expect(await batches()).toBe(1);
    const hold = { scope: "account", reason: "operator", durationMs: null, message: "" } as const;
    await beginHold(account, hold);
    expect(await batches()).toBe(0);
    await endHolds(account);
    expect(await batches()).toBe(1);
    const fallback = { limit: 1, windowMs: 60_000, concurrency: 2 };
    await reserveNow(account, { policy: { fallback } });
    expect((await reserveWith(account, { policy: { fallback } })).kind).toBe("wait");
    expect(await batches()).toBe(0);
  });

  it("does not see a batch while the senders have as many in hand as may be", async () => {
    const account = await freshAccount();
    await using queues = new Queues(account);
    await queues.governOutbound(1);
    await load(account, await openTestRun(account), { a: "1", b: "1" });
    const held = Promise.withResolvers<void>();
    const quiet = { concurrency: 2, onError: () => {} };
    await using _ = consumeBatches(account, quiet, async () => {
      await held.promise;
      return { kind: "done" };
    });
    using _release = { [Symbol.dispose]: () => held.resolve() };
    for (const assetsMax of [1, 1]) {
      await queues.addBatch((await takeBatch(account, { assetsMax })).number, "backfill");
    }
    await eventually(async () => {
      expect(await queues.counts()).toMatchObject({ outbound: { active: 1, waiting: 1 } });
    });
    expect(await lookForWork(account)).toMatchObject({ batches: 0 });
  });

  it("sees nothing at all where Redis does not answer", async () => {
    const account = await freshAccount({ redisUrl: await ownRedis() });
    const pid = Number(parseInfo(await account.client.info("server")).get("process_id"));
    process.kill(pid, "SIGSTOP");
    const work = await lookForWork(account).finally(() => process.kill(pid, "SIGCONT"));
    expect(work).toBeNull();
  });
});
