import { describe, expect, it } from "vitest";
import { defaultBehaviour } from "../behaviour.ts";
import { startSandbox } from "../sandbox.ts";
import { ask, connect } from "../test-client.ts";

describe("the account's routes", () => {
  it("tell what a client needs, and how much there is of everything", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    await client.importKeys("a", "b");
    const { url, username, password, clientId, clientSecret } = sandbox;
    expect((await ask(sandbox, "GET", "account")).json).toEqual({
      url,
      username,
      password,
      clientId,
      clientSecret,
      mode: "full",
      store: null,
      counts: { assets: 2, records: 2, pending: 0, dropped: 0, calls: 1 },
    });
  });

  it("change the limits and every variant while the sandbox runs", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    const changes = { limit: 1, headers: "pair", toWait: "missing", limitedStatus: 409 };
    const { json } = await ask(sandbox, "PATCH", "settings", { ...changes, retryAfter: true });
    const limits = { limit: 1, windowMs: 3_600_000, concurrency: 2 };
    expect(json).toEqual({ ...defaultBehaviour, ...limits, ...changes, retryAfter: true });
    expect((await ask(sandbox, "GET", "settings")).json).toEqual(json);
    await client.importKeys("a");
    const { status, headers } = await client.importKeys("a");
    expect(status).toBe(409);
    expect(headers.get("x-ratelimit-remaining")).toBe("0");
    expect(headers.get("x-ratelimit-limit")).toBeNull();
    expect(headers.get("x-ratelimit-towait-sec")).toBeNull();
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(3_000);
  });

  it.for([
    [{ limit: 0 }, "limit: "],
    [{ headers: "some" }, "headers: "],
    [{ limitedStatus: 503 }, "limitedStatus: "],
    [{ nonsense: 1 }, "nonsense"],
  ] as const)("refuse %j", async ([changes, message]) => {
    await using sandbox = await startSandbox();
    expect(await ask(sandbox, "PATCH", "settings", changes)).toMatchObject({
      status: 400,
      json: { message: expect.stringContaining(message) },
    });
  });

  it("are closed to pages of other sites, and to names that lead here", async () => {
    await using sandbox = await startSandbox();
    const target = `${sandbox.url}/sandbox/account`;
    const status = async (headers: Record<string, string>) =>
      (await fetch(target, { headers })).status;
    expect(await status({ origin: "http://elsewhere.example" })).toBe(403);
    expect(await status({ origin: "null" })).toBe(403);
    expect(await status({ origin: sandbox.url })).toBe(200);
    expect(await statusByHost(sandbox.url, "elsewhere.example")).toBe(403);
    expect(await statusByHost(sandbox.url, "localhost")).toBe(200);
    expect(await statusByHost(sandbox.url, "[::1]:80")).toBe(200);
  });
});

/** `fetch` lets nobody choose the Host header. */
async function statusByHost(url: string, host: string): Promise<number> {
  const { request } = await import("node:http");
  return await new Promise((resolve, reject) => {
    const asked = request(`${url}/sandbox/account`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.once("error", reject).end();
  });
}
