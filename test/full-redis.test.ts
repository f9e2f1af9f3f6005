import { createTransform, mappingPolicy } from "@sluice/inventory";
import {
  beginHold,
  endHolds,
  enqueueChunk,
  listRuns,
  openRun,
  Queues,
  readBacklog,
  recountPending,
  sealRun,
  type Account,
} from "@sluice/queue";
import { startWorker } from "@sluice/worker";
import { describe, expect, it, vi } from "vitest";
import { freshAccount } from "./support/accounts.ts";
import { LOADER } from "./support/house.ts";
import { startOwnRedis } from "./support/own-redis.ts";
import { hostLines, openPlace, type Place } from "./support/sluice.ts";

const FACT = { timeout: 50_000, interval: 50 };

/** A place whose Redis is its own, so that it may be filled. */
async function openFillable(stack: AsyncDisposableStack) {
  const redis = stack.use(await startOwnRedis());
  const account = stack.use(await freshAccount(redis.url));
  const place = stack.use(await openPlace({ limit: 10_000, windowMs: 1_000 }));
  const here = { REDIS_URL: redis.url, SLUICE_ACCOUNT: account.name };
  const env = { ...place.env, ...here, SLUICE_BATCH_ASSETS_MAX: "50" };
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

/** A backlog at every station: batches and segments of the first five hundred, chunks of the rest. */
async function heapUp(account: Account, connector: string): Promise<void> {
  await using queues = new Queues(account);
  await beginHold(account, { scope: "account", reason: "operator", durationMs: null, message: "" });
  await enqueueHosts(account, queues, connector, 500);
  {
    const policy = mappingPolicy({ connectorUuid: connector });
    const transform = createTransform(policy);
    const limits = { assetsMax: 50, bytesMax: 1_000_000, lingerMs: 0 };
    await using _ = await startWorker({
      account,
      queues,
      transformOf: () => transform,
      recipeOf: () => ({ module: LOADER, settings: { policy, mapping: null } }),
      limitsOf: () => limits,
      report: () => {},
    });
    await vi.waitFor(async () => {
      const { records, outbox, inFlight } = await readBacklog(account);
      expect([records, outbox + inFlight]).toEqual([0, 500]);
      expect(inFlight).toBeGreaterThan(0);
    }, FACT);
  }
  await enqueueHosts(account, queues, connector, 1_000);
}

async function enqueueHosts(
  account: Account,
  queues: Queues,
  connector: string,
  count: number,
): Promise<void> {
  const lane = "backfill";
  const run = await openRun(account, { connector, lane, description: { sources: [] } });
  const records = hostLines(count).trimEnd().split("\n");
  for (let at = 0; at < count; at += 250) {
    const part = records.slice(at, at + 250).map((text, index) => ({ text, line: at + index + 1 }));
    const place = { run, lane, producer: "test", ordinal: at / 250 + 1 } as const;
    await enqueueChunk(account, queues, place, { source: "test", records: part });
  }
  await sealRun(account, run);
}

describe("a Redis that others have filled beyond its maxmemory", () => {
  it("is drained to the last asset by processes that start only then; a push waits, and goes on when there is room", async () => {
    await using stack = new AsyncDisposableStack();
    const { place, account, env, run } = await openFillable(stack);
    await heapUp(account, place.sandbox.connectorUuid);
    await fillWithForeignKeys(account);

    await place.write("third.ndjson", hostLines(100));
    const push = place.start(["enqueue", "third.ndjson", "--json"], { env });
    const [{ stdout: status }] = await Promise.all([
      run("status"),
      push.line(/waiting: Redis uses [\d.]+ MB, and producers wait above [\d.]+ MB/),
    ]);
    expect(status).toMatch(/memory: .* wait in Redis, which uses [\d.]+ MB of/);
    const roles = place.start(["up", "--role", "worker", "--role", "sender", "--json"], { env });
    await roles.line(/"pid"/);
    await endHolds(account);
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
  expect(runs.map(({ read }) => read)).toEqual([100, 1_000, 500]);
  expect(sandbox.count()).toBe(1_000);
  await using queues = new Queues(account);
  const ended = { waiting: 0, active: 0, failed: 0 };
  await vi.waitFor(async () => {
    expect(Object.values(await queues.counts())).toEqual([ended, ended, ended]);
  }, FACT);
}
