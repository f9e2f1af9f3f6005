import { describe, expect, it } from "vitest";
import { countAssets } from "./count-assets.ts";
import { startSandbox } from "./sandbox.ts";
import { connect, importBody } from "./test-client.ts";

describe("the modes for benchmarks", () => {
  it("count the assets of a body that is not parsed, and say so", async () => {
    const body = importBody("nobody", ["a", "b", "c"]);
    expect(countAssets(Buffer.from(JSON.stringify(body)))).toBe(3);
    await using sandbox = await startSandbox({ mode: "counting" });
    const client = await connect(sandbox);
    for (const content of [body, `{"sourceNativeKey" is no JSON`]) {
      const response = await client.import(content);
      expect([response.status, await response.json()]).toEqual([
        200,
        {
          responseCode: "SUCCESSFULLY_PUBLISHED",
          message: "The assets were counted and not looked at: this sandbox runs with --counting",
          assetsError: {},
        },
      ]);
    }
    expect(sandbox.count()).toBe(4);
    expect(sandbox.assets.size).toBe(0);
    expect(sandbox.calls.map(({ assetCount }) => assetCount)).toEqual([3, 1]);
  });

  it("check everything and keep nothing, and say so", async () => {
    await using sandbox = await startSandbox({ mode: "checking" });
    const client = await connect(sandbox);
    const response = await client.importKeys("a", "b");
    expect(await response.json()).toMatchObject({
      message: "The assets were checked and not kept: this sandbox runs with --check-only",
    });
    expect((await client.import(importBody("nobody", ["a"]))).status).toBe(400);
    expect([sandbox.count(), sandbox.assets.size]).toEqual([2, 0]);
  });

  it("heed the limits and the faults", async () => {
    await using sandbox = await startSandbox({ mode: "counting", limit: 2 });
    const client = await connect(sandbox);
    sandbox.fault([{ kind: "answer", status: 503 }]);
    const statuses = [];
    for (const key of ["a", "b", "c"]) statuses.push((await client.importKeys(key)).status);
    expect(statuses).toEqual([503, 200, 429]);
    expect(sandbox.count()).toBe(1);
  });
});
