import { beginHold, endHolds, readHolds, type Account } from "@sluice/queue";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startHouse, type House } from "./support/house.ts";
import { startOwnRedis, type OwnRedis } from "./support/own-redis.ts";

const WAIT_MS = 55 * 60_000;
/** Two senders and a worker send about 60 while a heart beats once; one that spins would send thousands. */
const COMMANDS_A_BEAT_MAX = 200;
const BEATS = 6;
/** The second that is promised, and what any stop takes on a machine that has other things to do. */
const STOP_MS_MAX = 4_000;

function hosts(count: number, name = "host"): { id: string }[] {
  return Array.from({ length: count }, (_, index) => ({ id: `${name}-${index}` }));
}

/** Commands that the server has worked off, and how often a heart has beaten. */
async function activityOf(account: Account): Promise<{ commands: number; beats: number }> {
  const stats = await account.client.info("stats");
  const commands = Number(/total_commands_processed:(\d+)/.exec(stats)?.[1]);
  const beats = Number(await account.client.hget(account.key("governor"), "rev"));
  return { commands, beats };
}

describe("a wait of 55 minutes", () => {
  let redis: OwnRedis;
  let house: House;

  beforeEach(async () => {
    redis = await startOwnRedis();
    house = await startHouse({ assetsMax: 10, senders: 2, redisUrl: redis.url });
    await house.push(hosts(10));
    await beginHold(house.account, {
      scope: "account",
      reason: "rate-limit",
      durationMs: WAIT_MS,
      message: "the server says that no call is left in this window",
    });
    await house.load(hosts(100, "later"));
    await vi.waitFor(async () => {
      expect((await house.queues.counts())["outbound"]).toMatchObject({ waiting: 6, active: 0 });
    });
  });
  afterEach(async () => {
    await house[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  it("makes no call, and is over at an operator's word", async () => {
    expect(house.sandbox.calls).toHaveLength(1);
    await endHolds(house.account);
    await vi.waitFor(() => expect(house.sandbox.count()).toBe(110), { timeout: 10_000 });
  });

  it("costs next to nothing", async () => {
    const before = await activityOf(house.account);
    const after = await vi.waitFor(
      async () => {
        const now = await activityOf(house.account);
        expect(now.beats - before.beats).toBeGreaterThanOrEqual(BEATS);
        return now;
      },
      { timeout: 20_000, interval: 500 },
    );
    const perBeat = (after.commands - before.commands) / (after.beats - before.beats);
    expect(perBeat).toBeLessThan(COMMANDS_A_BEAT_MAX);
  });

  it("does not delay the end of the process", async () => {
    const beganMs = performance.now();
    await house[Symbol.asyncDispose]();
    expect(performance.now() - beganMs).toBeLessThan(STOP_MS_MAX);
  });

  it("survives the death of Redis", async () => {
    await redis.crash();
    const [hold] = await vi.waitFor(async () => await readHolds(house.account), {
      timeout: 10_000,
    });
    expect(hold).toMatchObject({ reason: "rate-limit" });
    expect(hold?.untilMs).toBeGreaterThan(Date.now() + WAIT_MS - 60_000);
    expect(house.sandbox.calls).toHaveLength(1);
    await endHolds(house.account);
    await vi.waitFor(() => expect(house.sandbox.count()).toBe(110), { timeout: 20_000 });
  });
});
