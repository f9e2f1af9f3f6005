import type { HoldReason, NewHold } from "@sluice/governor";
import { describe, expect, inject, it } from "vitest";
import type { Account } from "./account.ts";
import { beat, settleCall } from "./budget.ts";
import { beginHold, endHolds, readHolds } from "./holds.ts";
import { eventually, freshAccount } from "./test-account.ts";
import { callOf, reserveNow, reserveWith } from "./test-calls.ts";
import { observe } from "./test-server.ts";

function holdOf(reason: HoldReason, durationMs: number | null, scope = "account"): NewHold {
  return { scope, reason, durationMs, message: `because of ${reason}` };
}

/** How long consumers are kept from fetching, as BullMQ sees it; negative when they are not. */
async function stoppedMs(account: Account): Promise<number> {
  const eyes = observe(inject("redisUrl"));
  return await eyes.pttl(`${account.queuePrefix}:outbound:limiter`);
}

/** The holds of which a sender is told that they ended. */
async function ended(account: Account): Promise<{ reason: string; cause: string }[]> {
  const beats = await beat(account, "sender", 60_000);
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

  it("is lengthened by a longer one and not shortened by a shorter one", async () => {
    const account = await freshAccount();
    await beginHold(account, holdOf("rate-limit", 60_000));
    const [first] = await readHolds(account);
    expect(await beginHold(account, holdOf("rate-limit", 1_000))).toBe(false);
    expect(await readHolds(account)).toEqual([first]);
    expect(await beginHold(account, holdOf("rate-limit", 120_000))).toBe(false);
    const [longer] = await readHolds(account);
    expect(longer?.sinceMs).toBe(first?.sinceMs);
    expect(longer?.untilMs ?? 0).toBeGreaterThanOrEqual((first?.untilMs ?? 0) + 60_000);
    expect(await stoppedMs(account)).toBeGreaterThan(60_000);
    await beginHold(account, holdOf("rate-limit", null));
    await beginHold(account, holdOf("rate-limit", 1_000));
    expect(await readHolds(account)).toMatchObject([{ untilMs: null }]);
  });

  it("leaves the fetching stopped when a shorter one of another reason begins", async () => {
    const account = await freshAccount();
    await beginHold(account, holdOf("rate-limit", 60_000));
    await beginHold(account, holdOf("unavailable", 30_000));
    expect(await stoppedMs(account)).toBeGreaterThan(30_000);
    expect(await readHolds(account)).toHaveLength(2);
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
    await beginHold(account, holdOf("operator", null));
    await endHolds(account);
    const beats = await Promise.all(["one", "two"].map((sender) => beat(account, sender, 60_000)));
    expect(beats.flatMap((one) => one.ended)).toMatchObject([
      { scope: "account", reason: "operator", cause: "operator", message: "because of operator" },
    ]);
  });

  it("tells of a sender's own wait and of a hold by different reasons", async () => {
    const account = await freshAccount();
    await beginHold(account, holdOf("concurrency", 60_000));
    await beginHold(account, holdOf("credentials", null));
    expect(await reserveWith(account)).toMatchObject({ reason: "account credentials" });
  });
});

describe("resume", () => {
  it("ends every hold at once and lets the consumers fetch", async () => {
    const account = await freshAccount();
    await beginHold(account, holdOf("operator", null));
    await beginHold(account, holdOf("refused", null, "connector"));
    expect((await endHolds(account)).sort()).toEqual(["account operator", "connector refused"]);
    expect(await readHolds(account)).toEqual([]);
    expect(await stoppedMs(account)).toBeLessThanOrEqual(0);
    await reserveNow(account);
    expect(await endHolds(account)).toEqual([]);
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

  it("forgets the failures that led to it", async () => {
    const account = await freshAccount();
    const reading = { limit: 100, windowMs: 60_000, concurrencyLimit: 100 };
    await settleCall(account, callOf({ reading }));
    await settleCall(account, callOf({ outcome: "unavailable", isCounted: false }));
    expect(await reserveWith(account)).toMatchObject({ failures: 1 });
    await endHolds(account);
    expect(await reserveWith(account)).toMatchObject({ failures: 0 });
  });
});

describe("a success", () => {
  const left = { limit: 100, windowMs: 60_000, remaining: 50, concurrencyLimit: 100 };

  /** As if the hold had begun a minute earlier. */
  async function predate(account: Account, field: string): Promise<void> {
    const stored = (await account.client.hget(account.key("holds"), field)) ?? "{}";
    const hold = JSON.parse(stored) as { sinceMs: number };
    hold.sinceMs -= 60_000;
    await account.client.hset(account.key("holds"), field, JSON.stringify(hold));
  }

  it("ends the passing holds that began before its call, when calls are left", async () => {
    const account = await freshAccount();
    const call = await reserveNow(account);
    for (const reason of ["rate-limit", "concurrency", "unavailable"] as const) {
      await beginHold(account, holdOf(reason, 60_000));
      await predate(account, `account ${reason}`);
    }
    await settleCall(account, callOf({ call, reading: left }));
    expect(await readHolds(account)).toEqual([]);
    expect(await stoppedMs(account)).toBeLessThanOrEqual(0);
    const reports = await ended(account);
    expect(reports.map(({ cause }) => cause)).toEqual(["success", "success", "success"]);
  });

  it("says nothing against a hold that began after its call", async () => {
    const account = await freshAccount();
    const call = await reserveNow(account);
    await beginHold(account, holdOf("rate-limit", 60_000));
    await settleCall(account, callOf({ call, reading: left }));
    expect(await readHolds(account)).toMatchObject([{ reason: "rate-limit" }]);
    expect(await stoppedMs(account)).toBeGreaterThan(0);
  });

  it("says nothing against a hold when no call is left or none is spoken of", async () => {
    const account = await freshAccount();
    const [none, silent] = [await reserveNow(account), 0];
    await beginHold(account, holdOf("rate-limit", 60_000));
    await predate(account, "account rate-limit");
    await settleCall(account, callOf({ call: none, reading: { ...left, remaining: 0 } }));
    await settleCall(account, callOf({ call: silent }));
    expect(await readHolds(account)).toHaveLength(1);
  });

  it("does not end what an operator or a new password has to end", async () => {
    const account = await freshAccount();
    const call = await reserveNow(account);
    for (const reason of ["operator", "credentials", "wrong-address"] as const) {
      await beginHold(account, holdOf(reason, null));
      await predate(account, `account ${reason}`);
    }
    await settleCall(account, callOf({ call, reading: left }));
    expect(await readHolds(account)).toHaveLength(3);
  });
});
