import { networkInterfaces } from "node:os";
import { describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "./sandbox.ts";
import { connect } from "./test-client.ts";

async function put(sandbox: Sandbox, path: string, body: unknown): Promise<Response> {
  return await fetch(sandbox.url + path, { method: "PUT", body: JSON.stringify(body) });
}

const outerAddress = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === "IPv4" && !address.internal)?.address;

describe("the sandbox's own endpoints", () => {
  it("show the audit to other processes, with keys only if asked", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    await client.importKeys("a");
    const response = await fetch(`${sandbox.url}/sandbox/calls?keys=true`);
    expect(await response.json()).toEqual({ calls: sandbox.calls, callsInWorstWindow: 1 });
    const brief = await (await fetch(`${sandbox.url}/sandbox/calls`)).json();
    expect(brief).toMatchObject({ calls: [{ status: 200, assetCount: 1 }] });
    expect(brief).not.toHaveProperty("calls[0].keys");
  });

  it("change the limits, and name a mistake", async () => {
    await using sandbox = await startSandbox();
    const changed = await put(sandbox, "/sandbox/limits", { limit: 7, concurrency: 3 });
    expect(await changed.json()).toEqual({ limit: 7, windowMs: 3_600_000, concurrency: 3 });
    const refused = await put(sandbox, "/sandbox/limits", { limit: "many" });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      message: expect.stringContaining("limit: "),
    });
  });

  it("replace the fault script, and name a mistake", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    const replaced = await put(sandbox, "/sandbox/faults", [
      { kind: "answer", status: 503 },
      { kind: "refuse-assets", keys: ["a"] },
    ]);
    expect(replaced.status).toBe(204);
    expect((await client.importKeys("a")).status).toBe(503);
    expect(await (await client.importKeys("a", "b")).json()).toMatchObject({
      assetsError: { a: "The asset was refused" },
    });
    const refused = await put(sandbox, "/sandbox/faults", [{ kind: "explode" }]);
    expect(refused.status).toBe(400);
  });

  it("tell that it is well", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    await client.importKeys("a", "b");
    const response = await fetch(`${sandbox.url}/sandbox/health`);
    expect(await response.json()).toEqual({ status: "ok", assets: 2, calls: 1 });
  });

  it.skipIf(outerAddress === undefined)(
    "are closed to other machines (skipped where there is no network interface)",
    async () => {
      await using sandbox = await startSandbox({ host: "0.0.0.0" });
      const outside = new URL(sandbox.url);
      outside.hostname = outerAddress ?? "";
      expect((await fetch(new URL("/sandbox/health", outside))).status).toBe(403);
      expect((await fetch(new URL("/auth", outside), { method: "POST" })).status).toBe(401);
      expect((await fetch(`${sandbox.url}/sandbox/health`)).status).toBe(200);
    },
  );
});
