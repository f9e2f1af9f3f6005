import { describe, expect, inject, it } from "vitest";
import {
  beat,
  distrustOtherServer,
  readBudget,
  recentCalls,
  releaseCall,
  settleCall,
  type Permit,
} from "./budget.ts";
import { readBacklog } from "./backlog.ts";
import { beginHold, readHolds } from "./holds.ts";
import { readRun } from "./runs.ts";
import {
  CONNECTOR,
  eventually,
  freshAccount,
  load,
  openTestRun,
  takeBatch,
} from "./test-account.ts";
import { callOf, reserveNow, reserveWith } from "./test-calls.ts";
import { observe } from "./test-server.ts";

const known = { limit: 5, windowMs: 60_000, concurrencyLimit: 100 };

function expectWait(permit: Permit, reason: string, msMax: number): void {
  expect(permit).toMatchObject({ kind: "wait", scope: "account", reason });
  if (permit.kind !== "wait") return;
  expect(permit.delayMs).toBeGreaterThan(0);
  expect(permit.delayMs).toBeLessThanOrEqual(msMax);
}

describe("reserve, while nothing is known of the budget", () => {
  it("lets one call go at a time", async () => {
    const account = await freshAccount();
    const call = await reserveNow(account);
    expectWait(await reserveWith(account), "probing", 50);
    expectWait(await reserveWith(account, { sender: "other" }), "probing", 50);
    await settleCall(account, callOf({ call, reading: known }));
    await reserveNow(account);
    await reserveNow(account);
  });

  it("goes on one at a time after a call that brought no answer", async () => {
    const account = await freshAccount();
    const first = await reserveNow(account);
    await settleCall(account, callOf({ call: first, outcome: "unknown" }));
    await reserveNow(account);
    expectWait(await reserveWith(account), "probing", 50);
  });

  it("goes by the fallback once an answer said nothing: its limit and its concurrency", async () => {
    const account = await freshAccount();
    const fallback = { limit: 4, windowMs: 60_000, concurrency: 2 };
    await settleCall(account, callOf({ call: await reserveNow(account, { fallback }) }));
    const second = await reserveNow(account, { fallback });
    const third = await reserveNow(account, { fallback });
    expectWait(await reserveWith(account, { fallback }), "concurrency", 50);
    await settleCall(account, callOf({ call: second }));
    await settleCall(account, callOf({ call: third }));
    await reserveNow(account, { fallback });
    expectWait(await reserveWith(account, { fallback }), "window", 60_005);
  });

  it("takes from the fallback only what the answers leave open", async () => {
    const account = await freshAccount();
    const fallback = { limit: 100, windowMs: 60_000, concurrency: 10 };
    const call = await reserveNow(account, { fallback });
    await settleCall(account, callOf({ call, reading: { limit: 2 } }));
    await reserveNow(account, { fallback });
    expectWait(await reserveWith(account, { fallback }), "window", 60_005);
  });

  it("is there again when the account is found on another server", async () => {
    const account = await freshAccount();
    await distrustOtherServer(account);
    await settleCall(account, callOf({ call: await reserveNow(account), reading: known }));
    await distrustOtherServer(account);
    expect(await readBudget(account)).toMatchObject({ limit: 5, windowMs: 60_000 });
    await observe(inject("redisUrl")).hset(account.key("budget"), "runId", "another server");
    await distrustOtherServer(account);
    expect(await readBudget(account)).toMatchObject({ limit: 5, remaining: null });
    await reserveNow(account);
    expectWait(await reserveWith(account), "probing", 50);
  });
});

describe("a reserved call that is not made", () => {
  it("is given back: its slot is free and it does not count", async () => {
    const account = await freshAccount();
    await settleCall(
      account,
      callOf({ call: await reserveNow(account), reading: { ...known, limit: 2 } }),
    );
    await releaseCall(account, await reserveNow(account));
    await reserveNow(account);
    expectWait(await reserveWith(account), "window", 60_010);
  });
});

describe("reserve", () => {
  it("gives no more calls at once than the server allows, to all senders together", async () => {
    const account = await freshAccount();
    const reading = { ...known, limit: 100, concurrencyLimit: 2 };
    await settleCall(account, callOf({ call: await reserveNow(account), reading }));
    const call = await reserveNow(account, { sender: "one" });
    await reserveNow(account, { sender: "two" });
    expectWait(await reserveWith(account, { sender: "three" }), "concurrency", 50);
    await settleCall(account, callOf({ call }));
    await reserveNow(account, { sender: "three" });
  });

  it("gives no more calls in a window than the limit, those in flight included", async () => {
    const account = await freshAccount();
    await settleCall(account, callOf({ call: await reserveNow(account), reading: known }));
    for (let i = 0; i < 2; i += 1) {
      await settleCall(account, callOf({ call: await reserveNow(account) }));
    }
    await reserveNow(account, { sender: "one" });
    await reserveNow(account, { sender: "two" });
    expectWait(await reserveWith(account), "window", 60_005);
  });

  it("never makes a rolling window longer than the limit, by the server's own clock", async () => {
    const account = await freshAccount();
    const reading = { limit: 4, windowMs: 60, concurrencyLimit: 2 };
    const eyes = observe(inject("redisUrl"));
    async function nowMs(): Promise<number> {
      const [seconds, micros] = await eyes.time();
      return Number(seconds) * 1_000 + Number(micros) / 1_000;
    }
    const madeAtMs: number[] = [];
    async function send(sender: string): Promise<void> {
      while (madeAtMs.length < 40) {
        const permit = await reserveWith(account, { sender });
        if (permit.kind !== "go") continue;
        // Between reserve and answer, as a server counts it.
        madeAtMs.push(await nowMs());
        await settleCall(account, callOf({ call: permit.call, reading }));
      }
    }
    await Promise.all([send("one"), send("two"), send("three")]);
    madeAtMs.sort((a, b) => a - b);
    madeAtMs.forEach((atMs, index) => {
      const fifth = madeAtMs[index + 4] ?? Infinity;
      expect(fifth - atMs).toBeGreaterThan(60);
    });
  });

  it("gives a call back to the window when it has left it", async () => {
    const account = await freshAccount();
    const reading = { limit: 1, windowMs: 100, concurrencyLimit: 1 };
    await settleCall(account, callOf({ call: await reserveNow(account), reading }));
    await eventually(async () => reserveNow(account));
  });

  it("leaves the reserved calls of each window to others, but never all of them", async () => {
    const account = await freshAccount();
    await settleCall(account, callOf({ call: await reserveNow(account), reading: known }));
    await reserveNow(account, { callsReserved: 3 });
    expectWait(await reserveWith(account, { callsReserved: 3 }), "window", 60_005);
    const other = await freshAccount();
    await settleCall(other, callOf({ reading: known, isCounted: false }));
    await reserveNow(other, { callsReserved: 50 });
  });

  it("leaves room for the calls that others were seen to make", async () => {
    const account = await freshAccount();
    const reading = { ...known, remaining: 2 };
    await settleCall(account, callOf({ call: await reserveNow(account), reading }));
    expect(await readBudget(account)).toMatchObject({ foreign: 2, remaining: 2, limit: 5 });
    await reserveNow(account);
    await reserveNow(account);
    expectWait(await reserveWith(account), "window", 60_000);
  });

  it("forgets the calls of others when the window has passed over the reading", async () => {
    const account = await freshAccount();
    const reading = { limit: 2, windowMs: 100, concurrencyLimit: 5, remaining: 0 };
    await settleCall(account, callOf({ call: await reserveNow(account), reading }));
    expect(await readBudget(account)).toMatchObject({ foreign: 1 });
    await eventually(async () => reserveNow(account));
  });

  it("does not take its own calls in flight for those of others", async () => {
    const account = await freshAccount();
    await settleCall(account, callOf({ call: await reserveNow(account), reading: known }));
    const call = await reserveNow(account);
    await reserveNow(account, { sender: "other" });
    await settleCall(account, callOf({ call, reading: { ...known, remaining: 2 } }));
    expect(await readBudget(account)).toMatchObject({ foreign: 0 });
  });

  it("tells how many calls in a row failed or were refused before", async () => {
    const account = await freshAccount();
    await load(account, await openTestRun(account), { a: "1" });
    const batch = (await takeBatch(account)).number;
    const reading = { ...known, limit: 100 };
    for (const outcome of ["unavailable", "unknown", "refused"]) {
      const call = await reserveNow(account);
      await settleCall(account, callOf({ call, batch, outcome, reading }));
    }
    const permit = await reserveWith(account);
    expect(permit).toMatchObject({ kind: "go", failures: 2, refusals: 1 });
    const elsewhere = await reserveWith(account, { connector: "elsewhere" });
    expect(elsewhere).toMatchObject({ kind: "go", failures: 2, refusals: 0 });
    await settleCall(account, callOf({ batch, outcome: "accepted-in-part" }));
    expect(await reserveWith(account)).toMatchObject({ failures: 0, refusals: 0 });
  });
});

describe("a sender that died", () => {
  it("holds its slot while its lease runs, and no longer; its call counts as made", async () => {
    const account = await freshAccount();
    const reading = { limit: 3, windowMs: 60_000, concurrencyLimit: 1 };
    await settleCall(account, callOf({ call: await reserveNow(account), reading }));
    const lost = await reserveNow(account, { sender: "dead", leaseMs: 1_000 });
    expectWait(await reserveWith(account), "concurrency", 50);
    const call = await eventually(async () => reserveNow(account));
    const eyes = observe(inject("redisUrl"));
    expect(await eyes.hkeys(account.key("slots"))).toEqual([String(call)]);
    expect(await eyes.zrange(account.key("calls"), 0, "-1")).toContain(String(lost));
    await settleCall(account, callOf({ call }));
    expectWait(await reserveWith(account), "window", 60_005);
  });

  it("keeps its slot as long as its heart beats", async () => {
    const account = await freshAccount();
    await settleCall(account, callOf({ reading: { ...known, concurrencyLimit: 1 } }));
    await reserveNow(account, { sender: "slow", leaseMs: 1 });
    await beat(account, "slow", 60_000);
    expect((await readBacklog(account)).senders).toBe(1);
    expectWait(await reserveWith(account, { sender: "other" }), "concurrency", 50);
  });

  it("frees its slot at once when it leaves", async () => {
    const account = await freshAccount();
    await settleCall(account, callOf({ reading: { ...known, concurrencyLimit: 1 } }));
    await reserveNow(account, { sender: "leaving" });
    await beat(account, "leaving", 0);
    await reserveNow(account, { sender: "other" });
  });

  it("has its call given up after the longest a call may take", async () => {
    const account = await freshAccount();
    await settleCall(account, callOf({ reading: { ...known, concurrencyLimit: 1 } }));
    await reserveNow(account, { callMsMax: 100 });
    await eventually(async () => reserveNow(account));
  });

  it("counts a call once when its answer comes after it was given up", async () => {
    const account = await freshAccount();
    await settleCall(account, callOf({ reading: { ...known, limit: 100 }, isCounted: false }));
    const late = await reserveNow(account, { sender: "late", leaseMs: 1 });
    await eventually(async () => {
      await reserveNow(account);
      expect(await account.client.hexists(account.key("slots"), String(late))).toBe(0);
    });
    const counted = await account.client.zcard(account.key("calls"));
    await settleCall(account, callOf({ call: late }));
    expect(await account.client.zcard(account.key("calls"))).toBe(counted);
  });
});

describe("settling a call", () => {
  it("learns what the server says of its limits, and nothing from what it leaves out", async () => {
    const account = await freshAccount();
    await settleCall(account, callOf({ reading: { ...known, remaining: 4 } }));
    await settleCall(account, callOf({}));
    const budget = await readBudget(account);
    expect(budget).toMatchObject({ limit: 5, windowMs: 60_000, concurrency: 100, remaining: 4 });
    expect((await beat(account, "sender", 1_000)).concurrency).toBe(100);
  });

  it("knows nothing at first", async () => {
    const account = await freshAccount();
    expect(await readBudget(account)).toEqual({
      limit: null,
      windowMs: null,
      concurrency: null,
      remaining: null,
      readAtMs: null,
      foreign: 0,
    });
    expect((await beat(account, "sender", 1_000)).concurrency).toBe(0);
  });

  it("does not count a call that the server turned away", async () => {
    const account = await freshAccount();
    await settleCall(account, callOf({ reading: { ...known, limit: 1 }, isCounted: false }));
    const call = await reserveNow(account);
    await settleCall(account, callOf({ call, isCounted: false, outcome: "limited" }));
    await reserveNow(account);
  });

  it("books the call in each run that is in its batch", async () => {
    const account = await freshAccount();
    const [first, second, third] = [
      await openTestRun(account),
      await openTestRun(account),
      await openTestRun(account),
    ];
    await load(account, first, { a: "1", b: "1" });
    await load(account, second, { c: "1" });
    await load(account, third, { d: "1" });
    const batch = (await takeBatch(account, { assetsMax: 3 })).number;
    await settleCall(account, callOf({ batch, outcome: "limited", isCounted: false }));
    await settleCall(account, callOf({ batch, outcome: "unknown" }));
    await settleCall(account, callOf({ batch }));
    for (const run of [first, second]) {
      expect(await readRun(account, run)).toMatchObject({ calls: 3, limited: 1, ambiguous: 1 });
    }
    expect(await readRun(account, third)).toMatchObject({ calls: 0, limited: 0, ambiguous: 0 });
  });

  it("begins the hold before the slot is free", async () => {
    const account = await freshAccount();
    await settleCall(account, callOf({ reading: { ...known, concurrencyLimit: 1 } }));
    const call = await reserveNow(account);
    const hold = {
      scope: "account",
      reason: "rate-limit",
      durationMs: 60_000,
      message: "no call is left",
    } as const;
    expect(await settleCall(account, callOf({ call, hold }))).toEqual({ isNewHold: true });
    expectWait(await reserveWith(account), "account rate-limit", 60_000);
    expect(await readHolds(account)).toMatchObject([
      { scope: "account", reason: "rate-limit", message: "no call is left" },
    ]);
    expect(await settleCall(account, callOf({ hold }))).toEqual({ isNewHold: false });
  });

  it("keeps a log of the calls, the newest first", async () => {
    const account = await freshAccount();
    const { entry } = callOf({});
    await settleCall(account, callOf({ call: 1, entry: { ...entry, requestId: "one" } }));
    await settleCall(account, callOf({ call: 2, entry: { ...entry, requestId: "two" } }));
    expect(await recentCalls(account, 1)).toEqual([{ call: 2, ...entry, requestId: "two" }]);
    expect(await recentCalls(account, 10)).toHaveLength(2);
  });

  it("holds one connector and lets the others send", async () => {
    const account = await freshAccount();
    await settleCall(account, callOf({ reading: known, isCounted: false }));
    const hold = { reason: "refused", durationMs: null, message: "" } as const;
    await beginHold(account, { scope: CONNECTOR, ...hold });
    expect(await reserveWith(account)).toMatchObject({
      kind: "wait",
      scope: "connector",
      reason: `${CONNECTOR} refused`,
    });
    await reserveNow(account, { connector: "elsewhere" });
  });
});
