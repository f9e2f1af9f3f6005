import {
  beginHold,
  listRuns,
  Queues,
  readBacklog,
  recountPending,
  type Account,
} from "@sluice/queue";
import { describe, expect, it, vi } from "vitest";
import { freshAccount } from "./support/accounts.ts";
import { startOwnRedis } from "./support/own-redis.ts";
import { hostLines, openPlace, type Place } from "./support/sluice.ts";

const FACT = { timeout: 50_000, interval: 50 };

/** A place whose Redis is its own, so that it may be filled. */
async function openFillable(stack: AsyncDisposableStack) {
  const redis = stack.use(await startOwnRedis());
  const account = stack.use(await freshAccount(redis.url));
  const place = stack.use(await openPlace({ limit: 10_000, windowMs: 1_000 }));
  const env = { ...place.env, REDIS_URL: redis.url, SLUICE_ACCOUNT: account.name };
  const run = async (...args: string[]) => {
    const ended = await place.run(args, { env });
    expect(ended.exitCode, ended.stderr).toBe(0);
    return ended;
  };
  return { place, account, env, run };
}

/** Keys of somebody else take all the memory there is, and more than there is. */
async function fillWithForeignKeys({ client }: Account): Promise<void> {
  const used = Number(/used_memory:(\d+)/.exec(await client.info("memory"))?.[1]);
  await client.config("SET", "maxmemory", used + 8_000_000);
  for (let count = 0; await takes(client, `foreign:${count}`); count += 1);
  await client.config("SET", "maxmemory", used + 4_000_000);
}

async function takes(client: Account["client"], key: string): Promise<boolean> {
  return await client.set(key, "x".repeat(500_000)).then(
    () => true,
    () => false,
  );
}

/** A backlog at every station: batches and segments of the first thousand, chunks of the rest. */
async function heapUp({ place, account, env, run }: Awaited<ReturnType<typeof openFillable>>) {
  await beginHold(account, { scope: "account", reason: "operator", durationMs: null, message: "" });
  await place.write("first.ndjson", hostLines(1_000));
  await run("enqueue", "first.ndjson");
  {
    await using worker = place.start(["up", "--role", "worker", "--json"], { env });
    await vi.waitFor(async () => {
      const { records, outbox, inFlight } = await readBacklog(account);
      expect([records, outbox + inFlight]).toEqual([0, 1_000]);
      expect(inFlight).toBeGreaterThan(0);
    }, FACT);
    worker.signal("SIGTERM");
    await worker.ended;
  }
  await place.write("second.ndjson", hostLines(2_000));
  await run("enqueue", "second.ndjson");
}

describe("a Redis that others have filled beyond its maxmemory", () => {
  it("is drained to the last asset by processes that start only then; a push waits, and goes on when there is room", async () => {
    await using stack = new AsyncDisposableStack();
    const house = await openFillable(stack);
    const { place, account, env, run } = house;
    await heapUp(house);
    await fillWithForeignKeys(account);
    expect((await run("status")).stdout).toMatch(
      /memory: .* wait in Redis, which uses [\d.]+ MB of/,
    );

    await place.write("third.ndjson", hostLines(100));
    const push = place.start(["enqueue", "third.ndjson", "--json"], { env });
    await push.line(/waiting: Redis uses [\d.]+ MB, and producers wait above [\d.]+ MB/);
    const roles = [1, 2].map(() =>
      place.start(["up", "--role", "worker", "--role", "sender", "--json"], { env }),
    );
    await Promise.all(roles.map((role) => role.line(/"pid"/)));
    await run("resume");
    await vi.waitFor(async () => {
      const [third, ...earlier] = await listRuns(account);
      expect(earlier.map(({ state }) => state)).toEqual(["done", "done"]);
      expect(third).toMatchObject({ state: "open", read: 0 });
    }, FACT);
    expect(await takes(account.client, "foreign:last")).toBe(false);

    await account.client.del(...(await account.client.keys("foreign:*")));
    expect((await push.ended).exitCode).toBe(0);
    await vi.waitFor(async () => {
      expect((await listRuns(account))[0]?.state).toBe("done");
    }, FACT);
    await expectBalance(place, account);
  });
});

async function expectBalance({ sandbox }: Place, account: Account): Promise<void> {
  const runs = await listRuns(account);
  for (const { id, read, delivered, unchanged, coalesced, dead, pending } of runs) {
    expect(pending).toBe(0);
    expect(await recountPending(account, id)).toBe(0);
    expect([id, delivered + unchanged + coalesced + dead]).toEqual([id, read]);
  }
  expect(runs.map(({ read }) => read)).toEqual([100, 2_000, 1_000]);
  expect(sandbox.count()).toBe(2_000);
  await using queues = new Queues(account);
  const ended = { waiting: 0, active: 0, failed: 0 };
  await vi.waitFor(async () => {
    expect(Object.values(await queues.counts())).toEqual([ended, ended, ended]);
  }, FACT);
}
