import { describe, expect, it } from "vitest";
import { startSandbox } from "../sandbox.ts";
import { ask, connect, importBody } from "../test-client.ts";

describe("the audit", () => {
  it("tells of each call its time, request, size, verdict and how full the window was", async () => {
    let nowMs = 1_000_000;
    await using sandbox = await startSandbox({ limit: 2, windowMs: 60_000, nowMs: () => nowMs });
    const client = await connect(sandbox);
    sandbox.fault([{ kind: "answer", status: 503 }]);
    const body = importBody(sandbox.connectorUuid, ["a", "b"]);
    for (let call = 0; call < 3; call += 1) {
      await client.import(body);
      nowMs += 10;
    }
    const { requestId } = body.connectorMetaData;
    const bytes = JSON.stringify(body).length;
    const window = { limit: 2, inWindow: 2 };
    const common = { bytes, fault: null, message: null, userAgent: "node" };
    expect((await ask(sandbox, "GET", "audit")).json).toEqual({
      calls: [
        {
          ...common,
          ...window,
          number: 3,
          atMs: 1_000_020,
          endedAtMs: 1_000_020,
          admission: "rate",
          status: 429,
          requestId: null,
          assetCount: null,
          message: "More than 2 calls in 60 s; wait as X-RateLimit-ToWait-Sec says",
        },
        {
          ...common,
          ...window,
          number: 2,
          atMs: 1_000_010,
          endedAtMs: 1_000_010,
          admission: "admitted",
          status: 200,
          requestId,
          assetCount: 2,
        },
        {
          ...common,
          number: 1,
          atMs: 1_000_000,
          endedAtMs: 1_000_000,
          admission: "admitted",
          status: 503,
          requestId,
          assetCount: 2,
          inWindow: 1,
          limit: 2,
          message: "A scripted fault",
          fault: "answer",
        },
      ],
      next: null,
    });
  });

  it("is paged, the newest call first, for each endpoint by itself", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    for (const key of ["a", "b", "c"]) await client.importKeys(key);
    await client.post("/rest/2.0/count/am/asset");
    const numbers = async (query: string) => {
      const { json } = await ask(sandbox, "GET", `audit?${query}`);
      return [(json["calls"] as { number: number }[]).map((call) => call.number), json["next"]];
    };
    expect(await numbers("limit=2")).toEqual([[3, 2], "2"]);
    expect(await numbers("limit=2&after=2")).toEqual([[1], null]);
    expect(await numbers("endpoint=count")).toEqual([[1], null]);
    expect(await numbers("endpoint=search")).toEqual([[], null]);
    expect((await ask(sandbox, "GET", "audit?endpoint=delete")).status).toBe(400);
  });

  it("draws the calls in the window against the limit", async () => {
    let nowMs = 1_000_000;
    await using sandbox = await startSandbox({ limit: 2, windowMs: 1_000, nowMs: () => nowMs });
    const client = await connect(sandbox);
    for (const afterMs of [0, 100, 100, 900]) {
      nowMs += afterMs;
      await client.importKeys("a");
    }
    nowMs += 400;
    const chart = await ask(sandbox, "GET", "audit/chart?points=10&spanMs=2000");
    expect(chart.json).toMatchObject({ windowMs: 1_000, limit: 2 });
    const points = chart.json["points"] as { atMs: number; inWindow: number }[];
    expect(points.map(({ atMs }) => atMs - 1_000_000)).toEqual([
      -300, -100, 100, 300, 500, 700, 900, 1_100, 1_300, 1_500,
    ]);
    expect(points.map(({ inWindow }) => inWindow)).toEqual([0, 0, 2, 2, 2, 2, 2, 1, 1, 1]);
    expect(points[2]).toMatchObject({ admitted: 2, refused: 0 });
    expect(points[3]).toMatchObject({ admitted: 0, refused: 1 });
  });

  it("keeps each asset of each call, where it is asked to, with what became of it", async () => {
    await using sandbox = await startSandbox({ receipts: true });
    const client = await connect(sandbox);
    sandbox.fault([
      { kind: "answer", status: 503 },
      { kind: "refuse-assets", keys: (key) => key === "b" },
    ]);
    for (let call = 0; call < 3; call += 1) await client.importKeys("a", "b");
    const { json } = await ask(sandbox, "GET", "receipts?limit=5");
    const receipts = json["receipts"] as Record<string, unknown>[];
    expect(receipts.map((one) => [one["call"], one["sourceNativeKey"], one["outcome"]])).toEqual([
      [1, "a", "ignored"],
      [1, "b", "ignored"],
      [2, "a", "imported"],
      [2, "b", "refused"],
      [3, "a", "imported"],
    ]);
    expect(receipts[0]).toMatchObject({
      number: 1,
      connectorUuid: sandbox.connectorUuid,
      received: importBody(sandbox.connectorUuid, ["a"]).assetData[0],
    });
    expect(json["next"]).toBe("5");
    const rest = await ask(sandbox, "GET", "receipts?after=5");
    expect(rest.json).toMatchObject({ receipts: [{ number: 6, outcome: "imported" }], next: null });
    await using other = await startSandbox();
    expect((await ask(other, "GET", "receipts")).status).toBe(404);
  });

  it("tells which tokens were issued", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    expect((await ask(sandbox, "GET", "tokens")).json).toEqual({ tokens: [client.token] });
  });
});
