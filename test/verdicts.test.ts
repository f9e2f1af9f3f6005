import { endHolds, listDeadLetters, readHolds, recountPending } from "@sluice/queue";
import type { Fault } from "@sluice/sandbox";
import { describe, expect, it, vi } from "vitest";
import { startHouse, type House, type HouseOptions } from "./support/house.ts";

/** Asset by asset, so that one may be to blame. */
function hosts(count: number, name = "host"): { id: string }[] {
  return Array.from({ length: count }, (_, index) => ({ id: `${name}-${index}` }));
}

/** A house whose connector has delivered a hundred assets, so that it is trusted and has a canary. */
async function trustedHouse(options: HouseOptions = {}): Promise<House> {
  const house = await startHouse({ assetsMax: 10, ...options });
  await house.push(hosts(10, "before"));
  return house;
}

/** The keys of each import call since the first batch, in the order of arrival. */
function callsSince(house: House): (readonly string[])[] {
  return house.sandbox.calls.slice(1).map(({ keys }) => keys ?? []);
}

/** Assets that were sent by themselves after Qualys had taken them. */
function canaries(house: House): string[] {
  const taken = new Set<string>();
  return house.sandbox.calls.flatMap(({ keys, status }) => {
    const [key = ""] = keys ?? [];
    const isCanary = keys?.length === 1 && taken.has(key);
    if (status === 200) for (const one of keys ?? []) taken.add(one);
    return isCanary ? [key] : [];
  });
}

async function deadKeys(house: House): Promise<string[]> {
  return (await listDeadLetters(house.account)).map(({ key }) => key ?? "").sort();
}

async function holdReasons(house: House): Promise<string[]> {
  return (await readHolds(house.account)).map(({ scope, reason }) =>
    scope === "account" ? reason : `connector ${reason}`,
  );
}

function refuses(keys: readonly string[], status = 400): Fault {
  const body = { message: "the operating system is not known" };
  return { kind: "answer", status, body, keys, times: "always" };
}

describe("a refused batch", () => {
  it("is halved down to the asset that is to blame, after a canary has passed", async () => {
    await using house = await trustedHouse();
    house.sandbox.fault([refuses(["host-17"])]);
    const run = await house.push(hosts(30));
    expect(run).toMatchObject({ read: 30, delivered: 29, dead: 1 });
    expect(await deadKeys(house)).toEqual(["host-17"]);
    expect(canaries(house)).toHaveLength(1);
    const blamed = callsSince(house).filter((keys) => keys.includes("host-17"));
    expect(blamed.map(({ length }) => length)).toEqual([10, 5, 3, 1]);
    expect(run.calls).toBe(callsSince(house).length);
    expect(await recountPending(house.account, run.id)).toBe(0);
  });

  it("holds the connector when the canary is refused too, and buries nobody", async () => {
    await using house = await trustedHouse();
    house.sandbox.fault([{ kind: "answer", status: 400, body: "no connector", times: "always" }]);
    const run = await house.load(hosts(30));
    await vi.waitFor(async () => expect(await holdReasons(house)).toEqual(["connector refused"]));
    expect(canaries(house)).toHaveLength(1);
    house.sandbox.fault([]);
    await endHolds(house.account);
    expect(await house.finished(run)).toMatchObject({ delivered: 30, dead: 0 });
    expect(await deadKeys(house)).toEqual([]);
  });

  it("is remembered: the same content makes no call, other content does", async () => {
    await using house = await trustedHouse();
    house.sandbox.fault([refuses(["host-1"])]);
    await house.push(hosts(3));
    const { length } = house.sandbox.calls;
    const again = await house.push([{ id: "host-1" }]);
    expect(again).toMatchObject({ dead: 1, calls: 0 });
    expect(house.sandbox.calls).toHaveLength(length);
    house.sandbox.fault([]);
    const changed = await house.push([{ id: "host-1", os: "Linux" }]);
    expect(changed).toMatchObject({ delivered: 1 });
    expect(await deadKeys(house)).toEqual([]);
  });

  it("waits for spare calls beyond its connector's share for bisection, while others go on", async () => {
    const sandbox = { limit: 20, windowMs: 1_500, concurrency: 1, latencyMs: 10 };
    await using house = await trustedHouse({ sandbox, policy: { pacing: "burst" } });
    const bad = ["host-3", "host-13", "host-23"];
    house.sandbox.fault([refuses(bad)]);
    const run = await house.push(hosts(500));
    expect(run).toMatchObject({ delivered: 497, dead: 3 });
    expect(await deadKeys(house)).toEqual([...bad].sort());
    const quarantined = house.events.filter(({ event }) => event === "batch.quarantined");
    expect(quarantined.length).toBeGreaterThan(0);
    // The last good batch has left before the last suspect: they made way.
    const keysOf = callsSince(house);
    const lastWhole = keysOf.findLastIndex(({ length }) => length === 10);
    const lastBlamed = keysOf.findLastIndex((keys) => keys.some((key) => bad.includes(key)));
    expect(lastBlamed).toBeGreaterThan(lastWhole);
    expect(house.sandbox.calls.filter(({ status }) => status === 429)).toEqual([]);
    expect(await recountPending(house.account, run.id)).toBe(0);
  });
});

describe("too many refused assets", () => {
  it("hold the connector until an operator has looked; then it goes on", async () => {
    await using house = await trustedHouse({ assetsMax: 100 });
    const keys = (key: string) => /[123]$/.test(key);
    house.sandbox.fault([{ kind: "refuse-assets", keys, times: "always" }]);
    const run = await house.load(hosts(1_000));
    await vi.waitFor(async () => expect(await holdReasons(house)).toEqual(["connector refused"]), {
      timeout: 10_000,
    });
    const [hold] = await readHolds(house.account);
    expect(hold?.message).toMatch(/^\d+ of the last \d+ assets were refused; see sluice dead list/);
    house.sandbox.fault([]);
    await endHolds(house.account);
    const { delivered, dead } = await house.finished(run);
    expect(delivered + dead).toBe(1_000);
    expect(dead).toBeGreaterThanOrEqual(60);
    expect(await deadKeys(house)).toHaveLength(dead);
  });
});

describe("a batch that alone fails", () => {
  it("is halved down to the asset to blame once others pass, and an outage blames nobody", async () => {
    await using house = await trustedHouse({ assetsMax: 2 });
    house.sandbox.fault([{ ...refuses(["host-2"], 500) }]);
    const run = await house.push(hosts(4));
    expect(run).toMatchObject({ delivered: 3, dead: 1 });
    expect(await deadKeys(house)).toEqual(["host-2"]);
    const [letter] = await listDeadLetters(house.account);
    expect(letter?.message).toMatch(/^Qualys takes others of this connector, but not this: /);
  });

  it("in an outage blames nobody, and everything goes out after it with the same requests", async () => {
    await using house = await trustedHouse();
    house.sandbox.fault([{ kind: "answer", status: 503, times: 4 }]);
    const run = await house.push(hosts(10));
    expect(run).toMatchObject({ delivered: 10, dead: 0 });
    const whole = house.sandbox.calls.filter(({ keys }) => keys?.includes("host-0"));
    const accepted = whole.filter(({ status }) => status === 200);
    expect(accepted).toHaveLength(1);
  });
});

describe("a forbidden call", () => {
  it("of one batch, while a canary passes, is that batch's own", async () => {
    await using house = await trustedHouse();
    house.sandbox.fault([refuses(["host-4"], 403)]);
    const run = await house.push(hosts(20));
    expect(run).toMatchObject({ delivered: 19, dead: 1 });
    expect(await deadKeys(house)).toEqual(["host-4"]);
    expect(await holdReasons(house)).toEqual([]);
  });

  it("that the canary meets too holds the account", async () => {
    await using house = await trustedHouse();
    house.sandbox.fault([{ kind: "answer", status: 403, times: "always" }]);
    const run = await house.load(hosts(20));
    await vi.waitFor(async () => expect(await holdReasons(house)).toEqual(["credentials"]));
    house.sandbox.fault([]);
    await endHolds(house.account);
    expect(await house.finished(run)).toMatchObject({ delivered: 20, dead: 0 });
  });
});

describe("a newer state of an asset", () => {
  it("that comes while its older one is in doubt is sent after it, never before", async () => {
    await using house = await trustedHouse();
    house.sandbox.fault([refuses(["host-7"])]);
    const first = await house.load(hosts(10));
    await vi.waitFor(() =>
      expect(house.events.map(({ event }) => event)).toContain("batch.doubted"),
    );
    const second = await house.load(hosts(10).map((host) => ({ ...host, os: "Linux" })));
    await house.finished(first);
    await house.finished(second);
    const received = house.sandbox.asset(house.sandbox.connectorUuid, "host-3")?.received ?? "";
    expect(received).toContain("Linux");
    expect(await deadKeys(house)).toEqual(["host-7"]);
  });
});
