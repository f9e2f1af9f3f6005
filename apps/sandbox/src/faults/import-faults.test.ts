import { describe, expect, it, vi } from "vitest";
import { startSandbox } from "../sandbox.ts";
import { connect } from "../test-client.ts";

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

  it("answers with a login page", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    sandbox.fault([{ kind: "html" }]);
    const response = await client.importKeys("a");
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/html;charset=utf-8",
    ]);
    expect(await response.text()).toMatch(/^<!DOCTYPE html>/);
    expect(sandbox.count()).toBe(0);
  });

  it("breaks an answer off in its middle, the import done or not", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    sandbox.fault([{ kind: "truncate" }, { kind: "truncate", bytes: 100_000, processed: false }]);
    const response = await client.importKeys("a");
    expect(response.status).toBe(200);
    expect(Number(response.headers.get("content-length"))).toBeGreaterThan(20);
    expect(response.headers.get("x-ratelimit-remaining")).toBe("299");
    await expect(response.text()).rejects.toThrow("terminated");
    expect(sandbox.count()).toBe(1);
    await expect((await client.importKeys("b")).text()).rejects.toThrow("terminated");
    expect(sandbox.count()).toBe(1);
  });

  it("cuts a call that hangs when its time is over", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    sandbox.fault([{ kind: "hang", forMs: 20 }]);
    await expect(client.importKeys("a")).rejects.toThrow("fetch failed");
    expect(sandbox.calls[0]).toMatchObject({ status: null, fault: "hang" });
  });

  it("refuses bodies above a size with 413", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    sandbox.fault([{ kind: "answer", status: 413, aboveAssets: 2 }]);
    const statuses = [];
    for (const keys of [
      ["a", "b", "c"],
      ["a", "b"],
      ["c", "d", "e", "f"],
    ]) {
      statuses.push((await client.importKeys(...keys)).status);
    }
    expect(statuses).toEqual([413, 200, 413]);
  });

  it.for([
    ["map", 200, { b: "Bad" }],
    ["multi-status", 207, { b: "Bad" }],
    ["map-of-objects", 200, { b: { message: "Bad" } }],
    ["index", 200, { "1": "Bad" }],
    ["failed", 200, { failed: [{ sourceNativeKey: "b", message: "Bad" }] }],
    ["errors", 200, { errors: [{ sourceNativeKey: "b", message: "Bad" }] }],
    ["host-name", 200, { errors: [{ hostName: "host-b", message: "Bad" }] }],
    ["text", 200, { message: "1 assets were refused" }],
  ] as const)("names refused assets in the shape %s", async ([shape, status, assetsError]) => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    const fault = { kind: "refuse-assets", keys: ["b"], message: "Bad" } as const;
    sandbox.fault([{ ...fault, shape }, fault]);
    for (const assetErrors of ["map", shape] as const) {
      sandbox.behave({ assetErrors });
      const response = await client.importKeys("a", "b", "c");
      expect([response.status, await response.json()]).toEqual([
        status,
        expect.objectContaining({ responseCode: "SUCCESSFULLY_PUBLISHED", assetsError }),
      ]);
    }
    expect(sandbox.count()).toBe(2);
  });

  it("refuses a share of the assets, and the same ones again", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    sandbox.fault([{ kind: "refuse-assets", share: 0.3, times: "always" }]);
    const keys = Array.from({ length: 200 }, (_, index) => `k${index}`);
    const refused = async () => {
      const { assetsError } = (await (await client.importKeys(...keys)).json()) as {
        assetsError: object;
      };
      return Object.keys(assetsError);
    };
    const first = await refused();
    expect(first.length).toBeGreaterThan(40);
    expect(first.length).toBeLessThan(80);
    expect(await refused()).toEqual(first);
    expect(sandbox.count()).toBe(200 - first.length);
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
