import { describe, expect, it } from "vitest";
import { settleCall } from "./budget.ts";
import { beginHold } from "./holds.ts";
import { readPressure, roomInMs } from "./pressure.ts";
import { freshAccount, load, openTestRun } from "./test-account.ts";
import { callOf, reserveNow } from "./test-calls.ts";
import { limitMemory, ownRedis } from "./test-server.ts";

const HOUR_MS = 3_600_000;

describe("the pressure", () => {
  it("tells what waits and what Redis uses, against what may", async () => {
    const redisUrl = await ownRedis();
    const account = await freshAccount({ redisUrl, queueBytesMax: 1_000 });
    expect(await readPressure(account)).toMatchObject({ waiting: 0, usedMax: null });
    await load(account, await openTestRun(account), { a: "1" });
    await limitMemory(redisUrl, 10_000_000);
    const { waiting, waitingMax, used, usedMax } = await readPressure(account);
    expect(waiting).toBeGreaterThan(34);
    expect(waitingMax).toBe(1_000);
    expect(usedMax).toBeGreaterThan(7_000_000);
    expect(used).toBeLessThan((usedMax ?? 0) / 0.7);
  });

  it("ends after a sixth of the time that all of it takes, by the call budget", async () => {
    const account = await freshAccount();
    await load(account, await openTestRun(account), { a: "1", b: "1", c: "1", d: "1" });
    const reading = { limit: 1, windowMs: HOUR_MS, remaining: 0, toWaitMs: HOUR_MS };
    const call = await reserveNow(account);
    await settleCall(account, callOf({ call, reading, assets: 1 }));
    const roomMs = (await roomInMs(account)) ?? 0;
    expect(roomMs * 6).toBeGreaterThan(3 * HOUR_MS);
    expect(roomMs * 6).toBeLessThan(6 * HOUR_MS);
  });

  it("ends nobody knows when during a hold without end", async () => {
    const account = await freshAccount();
    await load(account, await openTestRun(account), { a: "1" });
    const hold = { scope: "account", reason: "operator", durationMs: null, message: "" } as const;
    await beginHold(account, hold);
    expect(await roomInMs(account)).toBeNull();
  });
});
