import { describe, expect, it, vi } from "vitest";
import { startSandbox } from "./sandbox.ts";
import { connect, importBody } from "./test-client.ts";

describe("the limits over HTTP", () => {
  it("tell with each answer what is left, and refuse what is too much until the window has moved on", async () => {
    let nowMs = 1_000_000;
    await using sandbox = await startSandbox({ limit: 2, windowMs: 10_000, nowMs: () => nowMs });
    const client = await connect(sandbox);
    const told = async () => {
      const { status, headers } = await client.importKeys("a");
      const { "x-ratelimit-remaining": remaining, "x-ratelimit-towait-sec": toWait } =
        Object.fromEntries(headers);
      return [status, remaining, toWait];
    };
    expect(await told()).toEqual([200, "1", "0"]);
    nowMs += 500;
    expect(await told()).toEqual([200, "0", "10"]);
    expect(await told()).toEqual([429, "0", "10"]);
    nowMs += 9500;
    expect(await told()).toEqual([200, "0", "1"]);
    expect(sandbox.callsInWorstWindow()).toBe(3);
    expect(sandbox.calls.map((call) => call.admission)).toEqual([
      "admitted",
      "admitted",
      "rate",
      "admitted",
    ]);
  });

  it("give the concurrency headers, and let its refusal win over the window's", async () => {
    await using sandbox = await startSandbox({ limit: 1, concurrency: 1, limitedStatus: 409 });
    sandbox.fault([{ kind: "hang" }]);
    const client = await connect(sandbox);
    const leaving = new AbortController();
    const hanging = fetch(`${sandbox.url}/rest/2.0/am/connector/asset/data/sync`, {
      method: "POST",
      headers: { authorization: `Bearer ${client.token}` },
      body: "{}",
      signal: leaving.signal,
    });
    await vi.waitUntil(() => sandbox.calls.length > 0);
    const refused = await client.importKeys("a");
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({
      message: "More than 1 calls at once; wait until one has ended",
    });
    expect(refused.headers.get("x-concurrency-limit-limit")).toBe("1");
    expect(refused.headers.get("x-concurrency-limit-running")).toBe("1");
    leaving.abort();
    await expect(hanging).rejects.toThrow("aborted");
  });

  it("are counted for each endpoint by itself, and can be changed while it runs", async () => {
    await using sandbox = await startSandbox({ limit: 1 });
    const client = await connect(sandbox);
    const count = async () => (await client.post("/rest/2.0/count/am/asset")).status;
    expect((await client.importKeys("a")).status).toBe(200);
    expect((await client.importKeys("a")).status).toBe(429);
    expect([await count(), await count()]).toEqual([200, 429]);
    sandbox.configure({ limit: 2 });
    expect((await client.importKeys("a")).status).toBe(200);
    expect(await count()).toBe(200);
  });

  it("never see two calls at once in calls that follow one another", async () => {
    await using sandbox = await startSandbox({ limit: 1000, concurrency: 1 });
    const client = await connect(sandbox);
    const statuses = new Set<number>();
    for (let call = 0; call < 200; call += 1) statuses.add((await client.importKeys("a")).status);
    expect([...statuses]).toEqual([200]);
  });

  it.each([
    ["end", 200],
    ["run", 429],
  ] as const)(
    "take a call whose client went away for ended, or for still running: %s",
    async (vanishedCalls, status) => {
      await using sandbox = await startSandbox({ concurrency: 1, vanishedCalls });
      sandbox.fault([{ kind: "hang" }]);
      const client = await connect(sandbox);
      const leaving = new AbortController();
      const left = client.import(importBody(sandbox.connectorUuid, ["a"]), leaving.signal);
      await vi.waitUntil(() => sandbox.calls[0]?.fault === "hang");
      leaving.abort();
      await expect(left).rejects.toThrow("aborted");
      if (vanishedCalls === "end") await vi.waitUntil(() => sandbox.calls[0]?.endedAtMs !== null);
      expect((await client.importKeys("b")).status).toBe(status);
    },
  );

  it("free the slot of a vanished client that ran on when its work is done", async () => {
    await using sandbox = await startSandbox({ concurrency: 1, vanishedCalls: "run" });
    sandbox.fault([{ kind: "slow", delayMs: 100 }]);
    const client = await connect(sandbox);
    const leaving = new AbortController();
    const left = client.import(importBody(sandbox.connectorUuid, ["a"]), leaving.signal);
    await vi.waitUntil(() => sandbox.calls[0]?.fault === "slow");
    leaving.abort();
    await expect(left).rejects.toThrow("aborted");
    await vi.waitUntil(() => sandbox.calls[0]?.endedAtMs !== null);
    expect(sandbox.calls[0]).toMatchObject({ status: 200 });
    expect(sandbox.count()).toBe(1);
    expect((await client.importKeys("b")).status).toBe(200);
  });
});
