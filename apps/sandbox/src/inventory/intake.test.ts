import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { startSandbox } from "../sandbox.ts";
import { ask, connect, importBody } from "../test-client.ts";

async function pending(sandbox: Parameters<typeof ask>[0]): Promise<unknown> {
  const { json } = await ask(sandbox, "GET", "account");
  return (json["counts"] as { pending: number }).pending;
}

describe("an accepted call", () => {
  it("gets into the inventory when its time has come, and not before", async () => {
    let nowMs = 1_000_000;
    await using sandbox = await startSandbox({ visibleAfterMs: 50, nowMs: () => nowMs });
    const client = await connect(sandbox);
    const response = await client.importKeys("a", "b");
    expect([response.status, sandbox.count(), await pending(sandbox)]).toEqual([200, 0, 2]);
    expect((await client.post("/rest/2.0/search/am/asset")).status).toBe(204);
    nowMs += 50;
    await vi.waitUntil(() => sandbox.count() === 2);
    expect(await pending(sandbox)).toBe(0);
    expect(sandbox.asset(sandbox.connectorUuid, "a")?.createdAtMs).toBe(1_000_050);
  });

  it("never overtakes one that was accepted before", async () => {
    let nowMs = 1_000_000;
    await using sandbox = await startSandbox({ visibleAfterMs: 50, nowMs: () => nowMs });
    const client = await connect(sandbox);
    const body = importBody(sandbox.connectorUuid, ["a"]);
    await client.import(body);
    sandbox.behave({ visibleAfterMs: 0 });
    const later = { identityAttributes: { sourceNativeKey: "a", hostName: "later" } };
    await client.import({ ...body, assetData: [later] });
    expect(sandbox.count()).toBe(0);
    nowMs += 50;
    await vi.waitUntil(() => sandbox.count() === 1);
    await vi.waitUntil(async () => (await pending(sandbox)) === 0);
    expect(sandbox.asset(sandbox.connectorUuid, "a")?.received).toBe(JSON.stringify(later));
  });

  it("and all that is in the inventory survives the process in a file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sandbox-"));
    await using cleaning = new AsyncDisposableStack();
    cleaning.defer(() => rm(folder, { recursive: true, force: true }));
    const store = join(folder, "csam.db");
    const options = { store, nowMs: () => 1_000_000 };
    const first = await startSandbox(options);
    const client = await connect(first);
    await client.importKeys("a");
    first.behave({ visibleAfterMs: 60_000 });
    await client.importKeys("b");
    await ask(first, "POST", "connectors", { name: "second" });
    await first[Symbol.asyncDispose]();

    await using again = await startSandbox({ store, nowMs: () => 2_000_000 });
    expect(again.connectorUuid).toBe(first.connectorUuid);
    await vi.waitUntil(() => again.count() === 2);
    expect([...again.assets.values()].map(({ sourceNativeKey }) => sourceNativeKey)).toEqual([
      "a",
      "b",
    ]);
    expect((await ask(again, "GET", "connectors")).json).toMatchObject({
      connectors: [{ name: "sandbox", counts: { records: 2, calls: 2 } }, { name: "second" }],
    });
  });
});
