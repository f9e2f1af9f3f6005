import type { HoldReason, NewHold } from "@sluice/governor";
import { describe, expect, inject, it } from "vitest";
import type { Account } from "./account.ts";
import { beat, settleCall } from "./budget.ts";
import { look } from "./governor.ts";
import { beginHold, endHolds, readHolds } from "./holds.ts";
import { openRun } from "./runs.ts";
import { CONNECTOR, eventually, freshAccount } from "./test-account.ts";
import { callOf, POLICY, reserveNow, reserveWith } from "./test-calls.ts";
import { observe } from "./test-server.ts";

const TOLD = { limit: 5, windowMs: 60_000, concurrencyLimit: 100 };

function holdOf(reason: HoldReason, durationMs: number | null, scope = "account"): NewHold {
  return { scope, reason, durationMs, message: `because of ${reason}` };
}

/** How long consumers are kept from fetching, as BullMQ sees it; negative when they are not. */
async function stoppedMs(account: Account): Promise<number> {
  const eyes = observe(inject("redisUrl"));
  return await eyes.pttl(`${account.queuePrefix}:outbound:limiter`);
}

/** The holds of which a sender is told that they ended. */
async function ended(
  account: Account,
  id = "sender",
): Promise<{ reason: string; cause: string }[]> {
  const beats = await beat(account, { id, leaseMs: 60_000, policy: POLICY });
  return beats.ended.map(({ reason, cause }) => ({ reason, cause }));
}

describe("a hold", () => {
  it("keeps every sender from calling, and every consumer from fetching", async () => {
    const account = await freshAccount();
    expect(await beginHold(account, holdOf("rate-limit", 60_000))).toBe(true);
    for (const sender of ["one", "two"]) {
      expect(await reserveWith(account, { sender })).toMatchObject({
        kind: "wait",
        scope: "account",
        reason: "account rate-limit",
      });
    }
    expect(await stoppedMs(account)).toBeGreaterThan(0);
    expect(await stoppedMs(account)).toBeLessThanOrEqual(60_000);
  });

  it("of a connector lets the others send, and every consumer fetch", async () => {
    const account = await freshAccount();
    await beginHold(account, holdOf("refused", null, CONNECTOR));
    expect(await reserveWith(account)).toMatchObject({ scope: "connector" });
    expect(await stoppedMs(account)).toBeLessThanOrEqual(0);
    await reserveNow(account, { connector: "elsewhere" });
  });

  it("is there for whoever comes later, with its end and its reason", async () => {
    const account = await freshAccount();
    await beginHold(account, holdOf("operator", null));
    await beginHold(account, holdOf("rate-limit", 60_000));
    const later = await freshAccount({ account: account.name });
    const holds = await readHolds(later);
    expect(holds).toMatchObject([
      { scope: "account", reason: "rate-limit", message: "because of rate-limit" },
      { scope: "account", reason: "operator", untilMs: null },
    ]);
    expect((holds[0]?.untilMs ?? 0) - (holds[0]?.sinceMs ?? 0)).toBe(60_000);
  });

  it("leaves the fetching stopped when a shorter one begins", async () => {
    const account = await freshAccount();
    await beginHold(account, holdOf("rate-limit", 60_000));
    await beginHold(account, holdOf("unavailable", 30_000));
    expect(await beginHold(account, holdOf("rate-limit", 1_000))).toBe(false);
    expect(await stoppedMs(account)).toBeGreaterThan(30_000);
    expect(await readHolds(account)).toHaveLength(2);
  });

  it("that follows from a call stops the fetching as well", async () => {
    const account = await freshAccount();
    const call = await reserveNow(account);
    const reading = { ...TOLD, remaining: 0, toWaitMs: 40_000 };
    await settleCall(account, callOf({ call, outcome: "limited", reading }));
    expect(await stoppedMs(account)).toBeGreaterThan(30_000);
    expect(await stoppedMs(account)).toBeLessThanOrEqual(40_000);
  });

  it("ends by itself, and is reported once, with the first call after it", async () => {
    const account = await freshAccount();
    await beginHold(account, holdOf("unavailable", 1_000));
    expect((await reserveWith(account)).kind).toBe("wait");
    const told = await eventually(async () => {
      const permit = await reserveWith(account);
      if (permit.kind !== "go") throw new Error(`still held: ${permit.reason}`);
      return permit.ended;
    });
    expect(told).toMatchObject([{ reason: "unavailable", cause: "time" }]);
    expect(await ended(account)).toEqual([]);
    expect(await readHolds(account)).toEqual([]);
    expect(await stoppedMs(account)).toBeLessThanOrEqual(0);
  });

  it("is reported by a heart that beats although nobody asks for a call", async () => {
    const account = await freshAccount();
    await beginHold(account, holdOf("unavailable", 50));
    await eventually(async () => {
      expect(await ended(account)).toEqual([{ reason: "unavailable", cause: "time" }]);
    });
  });

  it("is reported to one of several senders", async () => {
    const account = await freshAccount();
    const other = await freshAccount({ account: account.name });
    await beginHold(account, holdOf("operator", null));
    await endHolds(account);
    const beats = await Promise.all([ended(account, "one"), ended(other, "two")]);
    expect(beats.flat()).toEqual([{ reason: "operator", cause: "operator" }]);
  });

  it("is reported by whoever gets a permit, and not by whoever has to wait", async () => {
    const account = await freshAccount();
    await beginHold(account, holdOf("operator", null));
    await beginHold(account, holdOf("credentials", null));
    await endHolds(account, { reason: "operator" });
    expect((await reserveWith(account)).kind).toBe("wait");
    await endHolds(account);
    const permit = await reserveWith(account);
    expect(permit).toMatchObject({ ended: [{ reason: "operator" }, { reason: "credentials" }] });
  });
});

describe("a wait of all senders", () => {
  it("stops the fetching for as long", async () => {
    const account = await freshAccount();
    const call = await reserveNow(account);
    await settleCall(account, callOf({ call, reading: { ...TOLD, limit: 1 } }));
    expect(await stoppedMs(account)).toBeLessThanOrEqual(0);
    expect(await reserveWith(account)).toMatchObject({ scope: "account", reason: "window" });
    expect(await stoppedMs(account)).toBeGreaterThan(30_000);
    expect(await stoppedMs(account)).toBeLessThanOrEqual(60_005);
  });

  it("of one lane lets the others fetch", async () => {
    const account = await freshAccount();
    const policy = { callsLive: 0.5 };
    const call = await reserveNow(account, { lane: "live", policy });
    await settleCall(account, callOf({ call, reading: { ...TOLD, limit: 2 } }));
    expect(await reserveWith(account, { policy })).toMatchObject({ scope: "lane" });
    expect(await stoppedMs(account)).toBeLessThanOrEqual(0);
    await reserveNow(account, { lane: "live", policy });
  });
});

describe("resume", () => {
  it("ends every hold at once and lets the consumers fetch", async () => {
    const account = await freshAccount();
    await beginHold(account, holdOf("operator", null));
    await beginHold(account, holdOf("refused", null, CONNECTOR));
    expect((await endHolds(account)).sort()).toEqual(["account operator", `${CONNECTOR} refused`]);
    expect(await readHolds(account)).toEqual([]);
    expect(await stoppedMs(account)).toBeLessThanOrEqual(0);
    await reserveNow(account);
    expect(await endHolds(account)).toEqual([]);
  });

  it("vouches for the connectors whose refusals an operator has looked at", async () => {
    const account = await freshAccount();
    await beginHold(account, holdOf("refused", null, CONNECTOR));
    expect((await look(account, CONNECTOR)).standing.isTrusted).toBe(false);
    await endHolds(account);
    expect((await look(account, CONNECTOR)).standing.isTrusted).toBe(true);
  });

  it("ended for one connector forgives no refusals of the others", async () => {
    const account = await freshAccount();
    for (const connector of ["one", "other"]) {
      await openRun(account, { connector, lane: "live", description: { sources: [] } });
      await account.client.hset(account.key(`connector:${connector}`), "refusals", 4);
      await beginHold(account, holdOf("refused", null, connector));
    }
    expect(await endHolds(account, { scope: "one" })).toEqual(["one refused"]);
    expect((await look(account, "one")).standing).toMatchObject({ refusals: 0, isTrusted: true });
    expect((await look(account, "other")).standing).toMatchObject({
      refusals: 4,
      isTrusted: false,
    });
  });

  it("ends those of one reason and leaves the others in force", async () => {
    const account = await freshAccount();
    await beginHold(account, holdOf("credentials", null));
    await beginHold(account, holdOf("rate-limit", 60_000));
    const by = { reason: "credentials", cause: "credentials" } as const;
    expect(await endHolds(account, by)).toEqual(["account credentials"]);
    expect(await readHolds(account)).toMatchObject([{ reason: "rate-limit" }]);
    expect(await ended(account)).toEqual([{ reason: "credentials", cause: "credentials" }]);
    expect(await reserveWith(account)).toMatchObject({ reason: "account rate-limit" });
  });

  it("keeps the consumers from fetching no longer than the hold that is left", async () => {
    const account = await freshAccount();
    await beginHold(account, holdOf("credentials", null));
    await beginHold(account, holdOf("rate-limit", 60_000));
    await endHolds(account, { reason: "credentials" });
    expect(await stoppedMs(account)).toBeGreaterThan(0);
    expect(await stoppedMs(account)).toBeLessThanOrEqual(60_000);
  });
});
