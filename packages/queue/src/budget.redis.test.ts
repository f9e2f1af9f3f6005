import { beginHold, emptyState } from "@sluice/governor";
import { describe, expect, inject, it, vi } from "vitest";
import type { Account } from "./account.ts";
import {
  beat,
  distrustOtherServer,
  readBudget,
  recentCalls,
  releaseCall,
  settleCall,
  type MadeCall,
} from "./budget.ts";
import { readBacklog } from "./backlog.ts";
import { govern, look } from "./governor.ts";
import { readHolds } from "./holds.ts";
import { abortRun, readRun } from "./runs.ts";
import {
  CONNECTOR,
  deliverNext,
  eventually,
  freshAccount,
  load,
  openTestRun,
  store,
  takeBatch,
} from "./test-account.ts";
import { callOf, POLICY, reserveNow, reserveWith } from "./test-calls.ts";
import { observe } from "./test-server.ts";

const TOLD = { limit: 5, windowMs: 60_000, concurrencyLimit: 100 };
const HOUR_MS = 3_600_000;

/** Connections of three processes to one account. */
async function threeSenders(): Promise<[Account, Account, Account]> {
  const first = await freshAccount();
  const options = { account: first.name };
  return [first, await freshAccount(options), await freshAccount(options)];
}

/** A call from reserve to settle. */
async function callWith(account: Account, facts: Parameters<typeof callOf>[0] = {}): Promise<void> {
  await settleCall(account, callOf({ ...facts, call: await reserveNow(account) }));
}

describe("the calls of one process", () => {
  it("are decided one after the other: none has to be decided again", async () => {
    const account = await freshAccount();
    const run = vi.spyOn(account, "run");
    await callWith(account, { reading: { ...TOLD, limit: 100, concurrencyLimit: 8 } });
    run.mockClear();
    await Promise.all(Array.from({ length: 8 }, () => callWith(account, { reading: {} })));
    const scripts = run.mock.calls.map(([script]) => script);
    for (const script of ["commit", "called"]) {
      expect(scripts.filter((one) => one === script)).toHaveLength(8);
    }
    expect(scripts.filter((one) => one === "look")).toHaveLength(16);
  });

  it("go on after one that failed", async () => {
    const account = await freshAccount();
    vi.spyOn(account, "run").mockRejectedValueOnce(new Error("the connection is gone"));
    const permits = [reserveWith(account), reserveWith(account)];
    await expect(permits[0]).rejects.toThrow("the connection is gone");
    expect(await permits[1]).toMatchObject({ kind: "go" });
  });
});

describe("senders on several connections", () => {
  it("never make more calls in a rolling window than the limit, by the server's own clock", async () => {
    const reading = { limit: 4, windowMs: 60, concurrencyLimit: 2 };
    const eyes = observe(inject("redisUrl"));
    const madeAtMs: number[] = [];
    async function send(account: Account, index: number): Promise<void> {
      while (madeAtMs.length < 40) {
        const permit = await reserveWith(account, { sender: `sender ${index}` });
        if (permit.kind !== "go") continue;
        // Between reserve and answer, as a server counts it.
        const [seconds, micros] = await eyes.time();
        madeAtMs.push(Number(seconds) * 1_000 + Number(micros) / 1_000);
        await settleCall(account, callOf({ call: permit.call, reading }));
      }
    }
    await Promise.all((await threeSenders()).map(send));
    madeAtMs.sort((a, b) => a - b);
    madeAtMs.forEach((atMs, index) => {
      const fifth = madeAtMs[index + 4] ?? Infinity;
      expect(fifth - atMs).toBeGreaterThan(60);
    });
  });

  it("have no more calls in flight than the server allows, each with a number of its own", async () => {
    const senders = await threeSenders();
    await callWith(senders[0], { reading: { ...TOLD, limit: 100, concurrencyLimit: 7 } });
    const asked = senders.flatMap((account) =>
      Array.from({ length: 10 }, async () => await reserveWith(account)),
    );
    const calls = (await Promise.all(asked)).flatMap((permit) =>
      permit.kind === "go" ? [permit.call] : [],
    );
    expect(new Set(calls).size).toBe(7);
  });

  it("reserve nothing any more once a hold is written", async () => {
    const [first, second, third] = await threeSenders();
    await callWith(first, { reading: { ...TOLD, limit: 1_000_000, concurrencyLimit: 1_000 } });
    const over = new AbortController();
    async function send(account: Account): Promise<void> {
      while (!over.signal.aborted) await reserveWith(account);
    }
    const sending = [send(second), send(third)];
    await eventually(async () => expect((await look(first)).state.callNumber).toBeGreaterThan(9));
    const hold = { scope: "account", reason: "operator", durationMs: null, message: "" } as const;
    const newest = await govern(first, "", ({ state, nowMs }) => ({
      state: beginHold(state, hold, nowMs).state,
      result: state.callNumber,
    }));
    for (const account of [first, second, third]) {
      expect(await reserveWith(account)).toMatchObject({ reason: "account operator" });
    }
    over.abort();
    await Promise.all(sending);
    expect((await look(first)).state.callNumber).toBe(newest);
  });
});

describe("a commit", () => {
  it("that is repeated is no second one", async () => {
    const account = await freshAccount();
    const change = [JSON.stringify({ ...emptyState, callNumber: 1 }), "{}", "{}", 0, 0] as const;
    expect(await account.run("commit", 0, "commit-1", ...change)).toEqual(["ok"]);
    expect(await account.run("commit", 0, "commit-1", ...change)).toEqual(["again"]);
    expect(await account.run("commit", 1, "commit-2", ...change)).toEqual(["ok"]);
    expect(await account.run("commit", 0, "commit-1", ...change)).toEqual(["again"]);
  });

  it("is refused where somebody else has written since", async () => {
    const account = await freshAccount();
    await reserveNow(account);
    const change = [JSON.stringify(emptyState), "{}", "{}", 0, 0] as const;
    expect(await account.run("commit", 0, "commit-1", ...change)).toEqual(["moved"]);
    expect((await look(account)).state.callNumber).toBe(1);
  });

  it("of a settled call that is repeated books nothing twice", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    const batch = (await takeBatch(account)).number;
    const change = [JSON.stringify(emptyState), "{}", "{}", 0, 0] as const;
    for (const outcome of ["ok", "again"]) {
      const args = [batch, "limited", "{}", 0] as const;
      expect(await account.run("called", 0, "commit-1", ...change, ...args)).toEqual([outcome]);
    }
    expect(await readRun(account, run)).toMatchObject({ calls: 1, limited: 1 });
    expect(await recentCalls(account, 10)).toHaveLength(1);
  });
});

describe("what the governor knows", () => {
  it("is nothing at first", async () => {
    const account = await freshAccount();
    expect(await readBudget(account)).toMatchObject({
      limit: null,
      windowMs: null,
      concurrency: null,
      remaining: null,
      readAtMs: null,
      foreign: 0,
      callsToGo: 0,
    });
  });

  it("is there for whoever comes later", async () => {
    const account = await freshAccount();
    await callWith(account, { reading: { ...TOLD, remaining: 2 } });
    const later = await freshAccount({ account: account.name });
    const known = { limit: 5, concurrency: 100, remaining: 2, foreign: 2, free: 2 };
    expect(await readBudget(later)).toMatchObject(known);
    await reserveNow(later);
    await reserveNow(account);
    expect(await reserveWith(later)).toMatchObject({ reason: "window" });
  });

  it("is doubted when the account is found on another server", async () => {
    const account = await freshAccount();
    await distrustOtherServer(account);
    await callWith(account, { reading: { ...TOLD, remaining: 4 } });
    await distrustOtherServer(account);
    expect(await readBudget(account)).toMatchObject({ remaining: 4 });
    await observe(inject("redisUrl")).hset(account.key("governor"), "runId", "another server");
    await distrustOtherServer(account);
    expect(await readBudget(account)).toMatchObject({ limit: 5, remaining: null });
    await reserveNow(account);
    expect(await reserveWith(account)).toMatchObject({ reason: "probing" });
  });

  it("gives back a call that was not made", async () => {
    const account = await freshAccount();
    await callWith(account, { reading: { ...TOLD, limit: 2 } });
    await releaseCall(account, await reserveNow(account));
    await reserveNow(account);
    expect(await reserveWith(account)).toMatchObject({ reason: "window" });
  });

  it("frees the slot of a sender that died when its lease ends, by the server's clock", async () => {
    const account = await freshAccount();
    await callWith(account, { reading: { ...TOLD, concurrencyLimit: 1 } });
    await reserveNow(account, { sender: "dead", leaseMs: 200 });
    expect(await reserveWith(account)).toMatchObject({ reason: "concurrency" });
    await eventually(async () => await reserveNow(account));
  });

  it("counts the senders whose hearts beat, and tells them the concurrency", async () => {
    const account = await freshAccount();
    await callWith(account, { reading: { ...TOLD, concurrencyLimit: 3 } });
    const sender = { id: "other", leaseMs: 60_000, policy: POLICY };
    expect(await beat(account, sender)).toMatchObject({ concurrency: 3 });
    expect((await readBacklog(account)).senders).toBe(2);
    await beat(account, { ...sender, leaseMs: 0 });
    expect((await readBacklog(account)).senders).toBe(1);
  });
});

describe("the account's clock", () => {
  it("goes on where the server's was set back", async () => {
    const account = await freshAccount();
    const before = await look(account);
    const aheadMs = before.nowMs + HOUR_MS;
    await observe(inject("redisUrl")).hset(account.key("clock"), { nowMs: aheadMs, aheadMs: 0 });
    const seen = await look(account);
    expect(seen.nowMs).toBeGreaterThanOrEqual(aheadMs);
    expect(Math.abs(seen.aheadMs - HOUR_MS)).toBeLessThan(60_000);
    await reserveNow(account);
    await eventually(async () => {
      const { nowMs } = await look(account);
      expect(nowMs).toBeGreaterThan(seen.nowMs);
      expect(nowMs).toBeLessThan(seen.nowMs + 60_000);
    });
  });

  it("is not what people are told", async () => {
    const account = await freshAccount();
    const { nowMs } = await look(account);
    const aheadMs = nowMs + HOUR_MS;
    await observe(inject("redisUrl")).hset(account.key("clock"), { nowMs: aheadMs, aheadMs: 0 });
    await load(account, await openTestRun(account), { a: "1" });
    await callWith(account, { reading: { ...TOLD, remaining: 0, toWaitMs: 30_000 } });
    const { readAtMs, doneAtMs } = await readBudget(account);
    const [hold] = await readHolds(account);
    for (const atMs of [readAtMs, doneAtMs, hold?.sinceMs, hold?.untilMs]) {
      expect(Math.abs((atMs ?? 0) - nowMs)).toBeLessThan(HOUR_MS / 2);
    }
  });
});

describe("settling a call", () => {
  it("books it in each run that is in its batch", async () => {
    const account = await freshAccount();
    const runs = [await openTestRun(account), await openTestRun(account)] as const;
    const other = await openTestRun(account);
    await load(account, runs[0], { a: "1", b: "1" });
    await load(account, runs[1], { c: "1" });
    await load(account, other, { d: "1" });
    const batch = (await takeBatch(account, { assetsMax: 3 })).number;
    for (const outcome of ["limited", "unknown", "accepted"]) {
      await settleCall(account, callOf({ batch, outcome }));
    }
    for (const run of runs) {
      expect(await readRun(account, run)).toMatchObject({ calls: 3, limited: 1, ambiguous: 1 });
    }
    expect(await readRun(account, other)).toMatchObject({ calls: 0, limited: 0, ambiguous: 0 });
  });

  it("tells the hold that follows, whether it is new, and the forecast", async () => {
    const account = await freshAccount();
    await load(account, await openTestRun(account), { a: "1", b: "1", c: "1" });
    const reading = { ...TOLD, remaining: 0, toWaitMs: 40_000 };
    const call = await reserveNow(account);
    const settled = await settleCall(account, callOf({ call, reading, assets: 1 }));
    expect(settled).toMatchObject({
      hold: { scope: "account", reason: "rate-limit", durationMs: 40_000 },
      isNewHold: true,
      callsToGo: 3,
    });
    const afterMs = (settled.doneAtMs ?? 0) - (await look(account)).nowMs;
    expect(afterMs).toBeGreaterThan(30_000);
    expect(afterMs).toBeLessThanOrEqual(180_010);
    expect(await settleCall(account, callOf({ reading }))).toMatchObject({ isNewHold: false });
    expect(await reserveWith(account)).toMatchObject({ reason: "account rate-limit" });
  });

  it("counts the refusals of a connector in a row, until a call is accepted", async () => {
    const account = await freshAccount();
    await load(account, await openTestRun(account), { a: "1" });
    const batch = (await takeBatch(account)).number;
    for (const outcome of ["refused", "unavailable", "refused"]) {
      await settleCall(account, callOf({ batch, outcome }));
    }
    expect(await look(account, CONNECTOR)).toMatchObject({
      standing: { refusals: 2, isTrusted: false },
    });
    expect(await look(account, "elsewhere")).toMatchObject({ standing: { refusals: 0 } });
    await settleCall(account, callOf({ batch, outcome: "accepted-in-part" }));
    expect(await look(account, CONNECTOR)).toMatchObject({ standing: { refusals: 0 } });
  });

  it("keeps a log of the calls, the newest first", async () => {
    const account = await freshAccount();
    const { entry } = callOf({});
    const made: Partial<MadeCall>[] = [1, 2].map((call) => ({
      call,
      entry: { ...entry, requestId: `request ${call}` },
    }));
    for (const facts of made) await settleCall(account, callOf({ call: 0, ...facts }));
    expect(await recentCalls(account, 1)).toEqual([{ call: 2, ...entry, requestId: "request 2" }]);
    expect(await recentCalls(account, 10)).toHaveLength(2);
  });
});

describe("what is pending in all runs together", () => {
  it("is the sum of what is pending in each, whatever becomes of their records", async () => {
    const account = await freshAccount();
    const runs = [await openTestRun(account), await openTestRun(account, "live")] as const;
    async function expectSum(pending: number): Promise<void> {
      const books = await Promise.all(runs.map((run) => readRun(account, run)));
      expect(books.reduce((sum, run) => sum + (run?.pending ?? 0), 0)).toBe(pending);
      expect((await look(account)).pending).toBe(pending);
    }
    await store(account, runs[0], 7);
    await expectSum(7);
    await load(account, runs[0], { a: "1", b: "1", c: "1" });
    await load(account, runs[1], { a: "2", d: "1" });
    await expectSum(7 + 3 + 2 - 1);
    await deliverNext(account, "b");
    await expectSum(7);
    await load(account, runs[1], { a: "2", d: "1", e: "1" });
    await expectSum(8);
    await abortRun(account, runs[0], "test");
    await expectSum(8);
  });
});
