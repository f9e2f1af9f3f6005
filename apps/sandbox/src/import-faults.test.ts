import { describe, expect, it, vi } from "vitest";
import { startSandbox } from "./sandbox.ts";
import { connect } from "./test-client.ts";

describe("a scripted fault", () => {
  it("answers in the place of the import", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    sandbox.fault([
      { kind: "answer", status: 503 },
      {
        kind: "answer",
        status: 502,
        headers: { "Content-Type": "text/html", "X-RateLimit-Remaining": "soon" },
        body: "<h1>Bad gateway</h1>",
      },
    ]);
    const first = await client.importKeys("a");
    expect([first.status, await first.json()]).toEqual([
      503,
      { responseCode: "FAILED", message: "A scripted fault" },
    ]);
    const second = await client.importKeys("a");
    expect([second.status, await second.text()]).toEqual([502, "<h1>Bad gateway</h1>"]);
    expect(second.headers.get("content-type")).toBe("text/html");
    expect(second.headers.get("x-ratelimit-remaining")).toBe("soon");
    expect(sandbox.count()).toBe(0);
    expect((await client.importKeys("a")).status).toBe(200);
  });

  it("answers something else although the import took place", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    sandbox.fault([{ kind: "answer", status: 500, processed: true }]);
    const response = await client.importKeys("a");
    expect(response.status).toBe(500);
    expect(sandbox.count()).toBe(1);
  });

  it.each([
    [false, 0],
    [true, 1],
  ])("cuts the connection, the import done: %s", async (processed, count) => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    sandbox.fault([{ kind: "cut", processed }]);
    await expect(client.importKeys("a")).rejects.toThrow("fetch failed");
    expect(sandbox.count()).toBe(count);
    expect(sandbox.calls[0]).toMatchObject({ admission: "admitted", status: null });
  });

  it("names the refused assets and imports the others", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    sandbox.fault([{ kind: "refuse-assets", keys: (key) => key === "b", message: "Bad IP" }]);
    const response = await client.importKeys("a", "b", "c");
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ assetsError: { b: "Bad IP" } });
    expect([...sandbox.assets.values()].map((asset) => asset.sourceNativeKey)).toEqual(["a", "c"]);
  });

  it("follows a poisoned key through every batch that carries it", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    sandbox.fault([{ kind: "answer", status: 400, keys: ["b"], times: "always" }]);
    const statuses = [];
    for (const keys of [["a", "b"], ["a"], ["b"]]) {
      statuses.push((await client.importKeys(...keys)).status);
    }
    expect(statuses).toEqual([400, 200, 400]);
  });

  it("does not take place for a call that the limits refuse", async () => {
    await using sandbox = await startSandbox({ limit: 1 });
    const client = await connect(sandbox);
    await client.importKeys("a");
    sandbox.fault([{ kind: "answer", status: 503 }]);
    expect((await client.importKeys("a")).status).toBe(429);
    sandbox.configure({ limit: 2 });
    expect((await client.importKeys("a")).status).toBe(503);
  });

  it("does not keep a sandbox from closing while a call is slow or hangs", async () => {
    const sandbox = await startSandbox();
    const client = await connect(sandbox);
    sandbox.fault([{ kind: "hang" }, { kind: "slow", delayMs: 600_000 }]);
    const calls = Promise.allSettled([client.importKeys("a"), client.importKeys("b")]);
    await vi.waitUntil(() => sandbox.calls.length === 2);
    await sandbox[Symbol.asyncDispose]();
    expect((await calls).map((call) => call.status)).toEqual(["rejected", "rejected"]);
    expect(sandbox.count()).toBe(0);
  });
});
