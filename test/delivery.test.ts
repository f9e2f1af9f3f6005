import { assetId } from "@sluice/inventory";
import {
  beginHold,
  endHolds,
  listDeadLetters,
  readBudget,
  readHolds,
  readRun,
  recountPending,
} from "@sluice/queue";
import { sampleInventory } from "@sluice/sources";
import { describe, expect, it, vi } from "vitest";
import { startHouse, type House } from "./support/house.ts";

/** The raw asset of Qualys's page on the Generic API Webhook Connector. */
const SEED_SAMPLE = {
  hostname: "AssetNameTest",
  ip: "100.63.255.250",
  os: "Windows 7",
  memory_mb: 8192,
  software: [
    { name: "Python", version: "3" },
    { name: "Apache", version: "2.2.19" },
  ],
  vulnerabilities: [{ cve: "CVE-2008-5161", severity: 2, port: 22, protocol: "TCP" }],
};

function hosts(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `host-${index}`,
    hostname: `host-${index}`,
  }));
}

/** The same for every run of every test: read = delivered + unchanged + coalesced + dead, and nothing is left over. */
async function expectBalance(house: House, runId: string): Promise<void> {
  const run = await readRun(house.account, runId);
  if (run === null) throw new Error(`no run ${runId}`);
  expect(run.delivered + run.unchanged + run.coalesced + run.dead).toBe(run.read);
  expect(await recountPending(house.account, runId)).toBe(0);
  const jobs = Object.values(await house.queues.counts());
  expect(jobs.map(({ failed }) => failed)).toEqual([0, 0, 0]);
}

describe("a load", () => {
  it("brings the seed's sample into Qualys field for field", async () => {
    await using house = await startHouse();
    const run = await house.push([SEED_SAMPLE]);
    expect(run).toMatchObject({ read: 1, delivered: 1, dead: 0, calls: 1 });
    const arrived = house.sandbox.asset(house.sandbox.connectorUuid, "AssetNameTest");
    const received = JSON.parse(arrived?.received ?? "null") as { identityAttributes: object };
    expect(received).toEqual({
      identityAttributes: {
        qualysAssetId: null,
        sourceNativeKey: "AssetNameTest",
        netBiosName: "AssetNameTest",
        ipAddress: ["100.63.255.250"],
        hardwareUuid: expect.stringMatching(/^[\da-f-]{36}$/),
      },
      coreAttributes: {
        operatingSystem: "Windows 7",
        address: "100.63.255.250",
        netBiosName: "AssetNameTest",
        isContainer: false,
        biosInfo: { totalMemory: 8192 },
        softwares: [
          { name: "Python", version: "3", isSystemApp: false, isEnterpriseApp: false },
          { name: "Apache", version: "2.2.19", isSystemApp: false, isEnterpriseApp: false },
        ],
        ports: [{ port: 22, protocol: "TCP" }],
      },
      findings: [
        {
          id: "CVE-2008-5161",
          name: "CVE-2008-5161",
          category: "VULNERABILITY",
          severity: 2,
          port: 22,
          protocol: "TCP",
          findingStatus: "ACTIVE",
          findingType: { vulnerability: { cveId: "CVE-2008-5161" } },
        },
      ],
    });
  });

  it("goes out in full batches, and a second time not at all", async () => {
    await using house = await startHouse();
    const inventory = [...sampleInventory({ assets: 1_000, seed: 3, profile: "low-entropy" })];
    const first = await house.push(inventory);
    expect(first).toMatchObject({ read: 1_000, delivered: 1_000, batches: 10, calls: 10 });
    expect(house.sandbox.count()).toBe(1_000);
    const second = await house.push(inventory.toReversed());
    expect(second).toMatchObject({ read: 1_000, unchanged: 1_000, calls: 0 });
    expect(house.sandbox.calls).toHaveLength(10);
    await expectBalance(house, second.id);
  });

  it("sends only what changed", async () => {
    await using house = await startHouse();
    const before = hosts(300);
    await house.push(before);
    const after = before.map((host, index) =>
      index % 100 === 7 ? { ...host, os: "Linux" } : host,
    );
    const run = await house.push(after);
    expect(run).toMatchObject({ read: 300, delivered: 3, unchanged: 297, calls: 1 });
  });

  it("keeps the newest state of an asset that comes again and again", async () => {
    await using house = await startHouse({ sandbox: { latencyMs: 20 } });
    const runs: string[] = [];
    for (let round = 0; round < 8; round += 1) {
      runs.push(await house.load(hosts(20).map((host) => ({ ...host, os: `release ${round}` }))));
    }
    for (const run of runs) await house.finished(run);
    for (const { received } of house.sandbox.assets.values()) {
      expect(JSON.parse(received)).toMatchObject({
        coreAttributes: { operatingSystem: "release 7" },
      });
    }
    for (const run of runs) await expectBalance(house, run);
  });
});

describe("an asset Qualys refuses", () => {
  it("is found by halving, its neighbours arrive, and the same content is not sent again", async () => {
    await using house = await startHouse();
    house.sandbox.fault([
      {
        kind: "answer",
        status: 400,
        body: '{"message":"no such thing"}',
        keys: ["host-42"],
        times: "always",
      },
    ]);
    const run = await house.push(hosts(100));
    expect(run).toMatchObject({ delivered: 99, dead: 1 });
    expect(house.sandbox.count()).toBe(99);
    const letters = await listDeadLetters(house.account);
    expect(letters).toHaveLength(1);
    expect(letters[0]).toMatchObject({ key: "host-42", reason: "refused", run: run.id });
    expect(letters[0]?.message).toContain("no such thing");
    expect(letters[0]?.id).toBe(assetId("host-42").toString("hex"));
    const calls = house.sandbox.calls.length;
    // The batch, one asset and the rest of each quarter, the halves of the quarter that has it, a canary.
    expect(calls).toBeLessThanOrEqual(1 + 8 + 2 * Math.ceil(Math.log2(24)) + 1);
    const again = await house.push(hosts(100));
    expect(again).toMatchObject({ unchanged: 99, dead: 1, calls: 0 });
    expect(house.sandbox.calls).toHaveLength(calls);
    await expectBalance(house, run.id);
  });

  it("that the answer names is the only one that is dead", async () => {
    await using house = await startHouse();
    house.sandbox.fault([
      { kind: "refuse-assets", keys: ["host-1", "host-8"], message: "bad serial", times: "always" },
    ]);
    const run = await house.push(hosts(50));
    expect(run).toMatchObject({ delivered: 48, dead: 2, calls: 1 });
    const letters = await listDeadLetters(house.account);
    expect(new Set(letters.map(({ key }) => key))).toEqual(new Set(["host-1", "host-8"]));
  });

  it("is found by halving when the answer does not say which it is", async () => {
    await using house = await startHouse();
    const body =
      '{"responseCode":"SUCCESSFULLY_PUBLISHED","assetsError":{"errors":["one of them is bad"]}}';
    house.sandbox.fault([
      { kind: "answer", status: 200, body, processed: true, keys: ["host-5"], times: "always" },
    ]);
    const run = await house.push(hosts(16));
    expect(run).toMatchObject({ delivered: 15, dead: 1 });
    expect((await listDeadLetters(house.account))[0]).toMatchObject({ key: "host-5" });
  });

  it("is not dead while nothing was ever accepted: the connector is held, and an operator decides", async () => {
    await using house = await startHouse();
    const body = '{"message":"unknown connector"}';
    house.sandbox.fault([{ kind: "answer", status: 400, body, times: "always" }]);
    const run = await house.load(hosts(100));
    const [hold] = await vi.waitFor(async () => {
      const found = await readHolds(house.account);
      expect(found).toHaveLength(1);
      return found;
    });
    const scope = house.sandbox.connectorUuid;
    expect(hold).toMatchObject({ scope, reason: "refused", untilMs: null });
    expect(hold?.message).toContain("is its UUID right");
    expect(house.sandbox.calls).toHaveLength(5);
    expect(await listDeadLetters(house.account)).toEqual([]);
    house.sandbox.fault([]);
    await endHolds(house.account);
    expect(await house.finished(run)).toMatchObject({ delivered: 100, dead: 0 });
    await expectBalance(house, run);
  });

  it("is one of two, and the first load of a connector: the other arrives, and it is dead", async () => {
    await using house = await startHouse();
    house.sandbox.fault([{ kind: "answer", status: 400, keys: ["host-0"], times: "always" }]);
    expect(await house.push(hosts(2))).toMatchObject({ delivered: 1, dead: 1 });
  });

  it("is one of all, because the connector was disabled: it is held, instead of burning the budget", async () => {
    await using house = await startHouse();
    await house.push(hosts(1));
    house.sandbox.fault([
      { kind: "answer", status: 400, body: '{"message":"disabled"}', times: "always" },
    ]);
    const run = await house.load(hosts(300));
    await vi.waitFor(async () => expect(await readHolds(house.account)).toHaveLength(1));
    expect(house.sandbox.calls.length).toBeLessThanOrEqual(22);
    house.sandbox.fault([]);
    await endHolds(house.account);
    const finished = await house.finished(run);
    expect(finished.delivered + finished.dead + finished.unchanged).toBe(300);
    await expectBalance(house, run);
  });
});

describe("a server in trouble", () => {
  it.each([409, 429] as const)(
    "that says %i, because others use the subscription too, is left alone until the time it names",
    async (limitedStatus) => {
      await using house = await startHouse({
        sandbox: { limit: 4, windowMs: 2_000, limitedStatus },
      });
      await house.push(hosts(1));
      for (let call = 0; call < 3; call += 1) await house.callFromElsewhere();
      const run = await house.push(hosts(100));
      expect(run).toMatchObject({ delivered: 99, unchanged: 1, limited: 1, calls: 2 });
      const [refused, accepted] = house.sandbox.calls.slice(-2);
      expect(refused?.status).toBe(limitedStatus);
      expect((accepted?.atMs ?? 0) - (house.sandbox.calls[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(
        2_000,
      );
      const held = house.events.filter(({ event }) => event === "send.held");
      expect(held).toHaveLength(1);
      await expectBalance(house, run.id);
    },
  );

  it("loses no batch to a refusal for being too many, and counts no attempt", async () => {
    await using house = await startHouse();
    const headers = { "X-RateLimit-ToWait-Sec": "1", "X-RateLimit-Remaining": "0" };
    house.sandbox.fault([{ kind: "answer", status: 429, headers, times: 2 }]);
    const run = await house.push(hosts(10));
    expect(run).toMatchObject({ delivered: 10, limited: 2, calls: 3 });
  });

  it.each([
    ["an error page", { kind: "answer", status: 503, body: "<html>busy</html>" }],
    ["a connection cut before it was processed", { kind: "cut", processed: false }],
    ["a connection cut after it was processed", { kind: "cut", processed: true }],
    ["an answer that makes no sense", { kind: "answer", status: 200, body: "<html>hello</html>" }],
  ] as const)("gets the same request again after %s", async (_, fault) => {
    await using house = await startHouse();
    house.sandbox.fault([{ ...fault, times: 1 }]);
    const run = await house.push(hosts(10));
    expect(run).toMatchObject({
      delivered: 10,
      batches: 1,
      calls: 2,
      ambiguous: fault.kind === "cut" ? 1 : 0,
    });
    const ids = house.sandbox.calls.map(({ requestId }) => requestId);
    expect(ids).toHaveLength(2);
    expect(new Set(ids.filter((id) => id !== null)).size).toBe(1);
    expect(house.sandbox.count()).toBe(10);
  });

  it("that never answers is given up in time, and asked again", async () => {
    await using house = await startHouse({ callTimeoutMs: 1_000 });
    house.sandbox.fault([{ kind: "hang", times: 1 }]);
    const run = await house.push(hosts(10));
    expect(run).toMatchObject({ delivered: 10, ambiguous: 1 });
  });

  it("that takes smaller bodies gets smaller batches, and the size is remembered", async () => {
    await using house = await startHouse({ sandbox: { bodyBytesMax: 8_000 } });
    const first = await house.push(hosts(100));
    expect(first).toMatchObject({ delivered: 100, dead: 0 });
    const splits = house.events.filter(({ event }) => event === "batch.split").length;
    expect(splits).toBeGreaterThan(0);
    await house.push(hosts(300).slice(100));
    const later = house.sandbox.calls.slice(-3).map(({ status }) => status);
    expect(later).toEqual([200, 200, 200]);
  });

  it("whose tokens expire in mid-run costs no asset", async () => {
    await using house = await startHouse({
      sandbox: { tokenLifetimeMs: 300, latencyMs: 60 },
      assetsMax: 10,
    });
    const run = await house.push(hosts(200));
    expect(run).toMatchObject({ delivered: 200, dead: 0 });
  });

  it("that forbids is not asked again until an operator says so", async () => {
    await using house = await startHouse();
    house.sandbox.fault([
      { kind: "answer", status: 403, body: '{"message":"no API access"}', times: "always" },
    ]);
    const run = await house.load(hosts(10));
    await vi.waitFor(async () => expect(await readHolds(house.account)).toHaveLength(1));
    expect((await readHolds(house.account))[0]).toMatchObject({
      reason: "credentials",
      untilMs: null,
    });
    expect(house.sandbox.calls).toHaveLength(1);
    house.sandbox.fault([]);
    await endHolds(house.account);
    expect(await house.finished(run)).toMatchObject({ delivered: 10, dead: 0 });
  });
});

describe("the budget", () => {
  it("is learned from the answers", async () => {
    await using house = await startHouse({
      sandbox: { limit: 50, windowMs: 9_000, concurrency: 3 },
    });
    await house.push(hosts(1));
    expect(await readBudget(house.account)).toMatchObject({
      limit: 50,
      windowMs: 9_000,
      concurrency: 3,
      remaining: 49,
    });
  });

  it("is kept by several senders together", async () => {
    await using house = await startHouse({
      senders: 3,
      sandbox: { limit: 10, windowMs: 1_500, latencyMs: 30 },
      assetsMax: 10,
    });
    const run = await house.push(hosts(400));
    expect(run).toMatchObject({ delivered: 400, limited: 0 });
    expect(house.sandbox.callsInWorstWindow()).toBeLessThanOrEqual(10);
  });

  it("is kept when the server tells only what is left and how long to wait", async () => {
    await using house = await startHouse({
      sandbox: { headers: "pair", limit: 6, windowMs: 1_000 },
      assetsMax: 10,
    });
    const run = await house.push(hosts(150));
    expect(run).toMatchObject({ delivered: 150, limited: 0 });
    expect(house.sandbox.callsInWorstWindow()).toBeLessThanOrEqual(6);
  });

  it("is not touched while an operator holds the account; enqueueing goes on", async () => {
    await using house = await startHouse();
    await beginHold(house.account, {
      scope: "account",
      reason: "operator",
      durationMs: null,
      message: "maintenance",
    });
    const run = await house.load(hosts(250));
    await vi.waitFor(async () =>
      expect((await readRun(house.account, run))?.batches).toBeGreaterThan(0),
    );
    expect(house.sandbox.calls).toHaveLength(0);
    await endHolds(house.account);
    expect(await house.finished(run)).toMatchObject({ delivered: 250 });
    await vi.waitFor(() => {
      const told = house.events.filter(({ event }) => event === "send.resumed");
      expect(told).toMatchObject([{ reason: "operator", cause: "operator" }]);
    });
  });
});
