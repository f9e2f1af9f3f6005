import { describe, expect, it } from "vitest";
import type { Account } from "./account.ts";
import { acknowledge, splitBatch } from "./batches.ts";
import { storeChunk, type Enqueued } from "./enqueue.ts";
import { readPressure } from "./pressure.ts";
import type { Lane } from "./runs.ts";
import {
  deliverNext,
  freshAccount,
  letterOf,
  load,
  openTestRun,
  settleAs,
  takeBatch,
} from "./test-account.ts";
import { limitMemory, ownRedis } from "./test-server.ts";

/** Text that does not compress: packed, it stays about this long. */
function noise(bytes: number): string {
  let state = 1;
  const digits = Array.from({ length: bytes }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCharCode(35 + (state % 57));
  });
  return JSON.stringify(digits.join(""));
}

/** One lane of a connector, into which chunks of about so many bytes go. */
class Producer {
  readonly #account: Account;
  readonly #run: string;
  readonly #lane: Lane;
  #ordinal = 0;

  private constructor(account: Account, run: string, lane: Lane) {
    this.#account = account;
    this.#run = run;
    this.#lane = lane;
  }

  static async begin(account: Account, lane: Lane = "backfill", connector?: string) {
    return new Producer(account, await openTestRun(account, lane, connector), lane);
  }

  async store(bytes: number): Promise<Enqueued> {
    const turn = { producer: "p", ordinal: (this.#ordinal += 1) };
    const place = { run: this.#run, lane: this.#lane, ...turn };
    const records = [{ text: noise(bytes), line: 1 }];
    return await storeChunk(this.#account, place, { source: "test", records });
  }

  /** Stores chunks until one is refused. Returns the sequences. */
  async fill(bytes: number): Promise<number[]> {
    const sequences: number[] = [];
    for (;;) {
      const stored = await this.store(bytes);
      if (stored.kind !== "enqueued") return sequences;
      sequences.push(stored.sequence);
    }
  }
}

async function waitingBytes(account: Account): Promise<number> {
  return (await readPressure(account)).waiting;
}

describe("the mark of waiting bytes", () => {
  it("lets one lane alone fill four fifths of it", async () => {
    const account = await freshAccount({ queueBytesMax: 100_000 });
    await (await Producer.begin(account)).fill(1_000);
    const waiting = await waitingBytes(account);
    expect(waiting).toBeGreaterThan(78_000);
    expect(waiting).toBeLessThanOrEqual(80_000);
  });

  it("leaves room for the live lane and for another connector, whoever came first, and is never passed", async () => {
    const account = await freshAccount({ queueBytesMax: 100_000 });
    const shares: number[] = [];
    for (const [lane, connector] of [
      ["backfill", "one"],
      ["live", "one"],
      ["backfill", "other"],
    ] as const) {
      const before = await waitingBytes(account);
      await (await Producer.begin(account, lane, connector)).fill(100);
      shares.push(Math.round(((await waitingBytes(account)) - before) / 1_000));
    }
    expect(shares).toEqual([80, 16, 3]);
    expect(await waitingBytes(account)).toBeLessThanOrEqual(100_000);
  });

  it("counts what waits as a chunk, a segment and a batch", async () => {
    const account = await freshAccount({ queueBytesMax: 5_000 });
    const producer = await Producer.begin(account);
    expect((await producer.store(3_000)).kind).toBe("enqueued");
    expect(await producer.store(3_000)).toEqual({ kind: "full" });
    await settleAs(account, 1, { a: noise(3_000) });
    expect(await producer.store(3_000)).toEqual({ kind: "full" });
    await deliverNext(account);
    expect((await producer.store(3_000)).kind).toBe("enqueued");
  });

  it("takes one chunk of each lane that has none waiting, however large", async () => {
    const account = await freshAccount({ queueBytesMax: 1 });
    const [backfill, live] = [await Producer.begin(account), await Producer.begin(account, "live")];
    expect((await backfill.store(5_000)).kind).toBe("enqueued");
    expect(await backfill.store(1)).toEqual({ kind: "full" });
    expect((await live.store(5_000)).kind).toBe("enqueued");
    expect(await live.store(1)).toEqual({ kind: "full" });
  });

  it("lets nobody in again before a sixth of what it holds has gone", async () => {
    const account = await freshAccount({ queueBytesMax: 100_000 });
    const producer = await Producer.begin(account);
    const sequences = await producer.fill(2_000);
    const full = await waitingBytes(account);
    let left = full;
    for (const sequence of sequences) {
      if ((await producer.store(2_000)).kind === "enqueued") break;
      await settleAs(account, sequence, { a: "1" });
      left = await waitingBytes(account);
    }
    expect(left).toBeLessThan(full * 0.85);
    expect(left).toBeGreaterThan(full * 0.75);
    expect((await producer.store(2_000)).kind).toBe("enqueued");
  });

  it("is back at nothing, for each lane too, when all is delivered, dead, unchanged or coalesced", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const live = await openTestRun(account, "live", "other");
    await load(account, live, { a: "1" });
    await acknowledge(account, await takeBatch(account, { connector: "other" }), 1, []);
    await load(account, run, { a: "1", b: "1", c: "1" });
    await load(account, run, { a: "2" });
    const batch = await takeBatch(account);
    await load(account, run, { a: "3", b: "1" });
    const halves = [batch.bodies.slice(0, 1), batch.bodies.slice(1)] as const;
    const [first = 0, second = 0] = await splitBatch(account, batch, halves);
    expect(await waitingBytes(account)).toBeGreaterThan(0);
    const rejected = [{ index: 0, letter: letterOf("b") }];
    await acknowledge(account, { number: first, bodies: halves[0] }, 2, rejected);
    await acknowledge(account, { number: second, bodies: halves[1] }, 3, []);
    await deliverNext(account);
    expect(await account.client.hgetall(account.key("bytes"))).toEqual({
      intake: "0",
      outbox: "0",
      batches: "0",
    });
  });
});

describe("the mark of used memory", () => {
  it("stops producers where Redis uses more than its share, whoever fills it, and lets them go on below it", async () => {
    const redisUrl = await ownRedis();
    await limitMemory(redisUrl, 100_000_000);
    const account = await freshAccount({ redisUrl, memoryPercentMax: 20 });
    const producer = await Producer.begin(account);
    expect((await producer.store(1_000)).kind).toBe("enqueued");
    const { usedMax } = await readPressure(account);
    await account.client.setrange("foreign", usedMax ?? 0, "x");
    expect(await producer.store(1_000)).toEqual({ kind: "full" });
    expect((await readPressure(account)).used).toBeGreaterThan(usedMax ?? 0);
    await account.client.del("foreign");
    expect((await producer.store(1_000)).kind).toBe("enqueued");
  });

  it("lets a lane in that has nothing waiting, so that what others leave is used, a chunk at a time", async () => {
    const redisUrl = await ownRedis();
    await limitMemory(redisUrl, 10_000_000);
    const account = await freshAccount({ redisUrl, memoryPercentMax: 1 });
    const producer = await Producer.begin(account);
    expect((await producer.store(1_000)).kind).toBe("enqueued");
    expect(await producer.store(1_000)).toEqual({ kind: "full" });
    await settleAs(account, 1, { a: "1" });
    await deliverNext(account);
    expect((await producer.store(1_000)).kind).toBe("enqueued");
  });
});
