import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { Secret } from "@sluice/service";
import { describe, expect, it, vi } from "vitest";
import type { SandboxEvent } from "./options.ts";
import { startSandbox } from "./sandbox.ts";
import { connect, importBody, logIn } from "./test-client.ts";

// What the seed's own transform makes of its own sample, keys aside.
const seedAsset = {
  identityAttributes: {
    qualysAssetId: null,
    sourceNativeKey: "seed-1",
    netBiosName: "AssetNameTest",
    ipAddress: ["100.63.255.250"],
    hardwareUuid: "seed-1",
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
};

describe("the login", () => {
  it("answers a form with 201 and the bare JWT, and with no rate header", async () => {
    await using sandbox = await startSandbox({ username: "me", password: new Secret("a&b%c#d") });
    const response = await logIn(sandbox);
    expect(response.status).toBe(201);
    expect(await response.text()).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect([...response.headers.keys()].filter((name) => name.startsWith("x-"))).toEqual([]);
  });

  it("answers wrong credentials as documented", async () => {
    await using sandbox = await startSandbox();
    const response = await logIn({ ...sandbox, password: "wrong" });
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({
      authentication_exceptions: [[expect.stringContaining("InvalidCredentialsException")]],
    });
  });

  it("of an OAuth client takes its id and secret as headers, at both of its paths", async () => {
    await using sandbox = await startSandbox({ clientId: "one", clientSecret: "two" });
    for (const path of ["/auth/oauth", "/auth/oidc"]) {
      const ask = (clientSecret: string) =>
        fetch(sandbox.url + path, { method: "POST", headers: { clientId: "one", clientSecret } });
      expect((await ask("two")).status).toBe(201);
      const refused = await ask("wrong");
      expect([refused.status, await refused.json()]).toEqual([
        401,
        { authentication_exceptions: [[expect.stringContaining("InvalidCredentialsException")]] },
      ]);
      expect((await fetch(sandbox.url + path, { method: "POST" })).status).toBe(401);
    }
  });

  it("of a client is worth nothing where CSAM serves none, as users report", async () => {
    await using sandbox = await startSandbox({ servesClients: false });
    const { clientId, clientSecret } = sandbox;
    const headers = { clientId, clientSecret };
    const login = await fetch(`${sandbox.url}/auth/oauth`, { method: "POST", headers });
    const refused = await fetch(`${sandbox.url}/rest/2.0/count/am/asset`, {
      method: "POST",
      headers: { authorization: `Bearer ${await login.text()}` },
    });
    expect([refused.status, await refused.json()]).toEqual([
      400,
      {
        responseCode: "FAILED",
        message: "Error validating customer from token - Invalid Subscription Id",
      },
    ]);
  });

  it("gives the token as JSON, as a sample of the documentation reads it, if asked", async () => {
    await using sandbox = await startSandbox({ tokenAnswer: "json" });
    const response = await logIn(sandbox);
    expect([response.status, await response.json()]).toEqual([
      201,
      { access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) },
    ]);
  });

  it("is exempt from the limits", async () => {
    await using sandbox = await startSandbox({ limit: 1, concurrency: 1 });
    const statuses = await Promise.all([1, 2, 3].map(async () => (await logIn(sandbox)).status));
    expect(statuses).toEqual([201, 201, 201]);
  });
});

describe("the import", () => {
  it("takes the seed's sample asset and keeps it field for field", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    const body = { ...importBody(sandbox.connectorUuid, ["-"]), assetData: [seedAsset] };
    const response = await client.import(body);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      message: expect.any(String),
      responseCode: "SUCCESSFULLY_PUBLISHED",
      assetsError: {},
    });
    expect(sandbox.count()).toBe(1);
    const stored = sandbox.asset(sandbox.connectorUuid, "seed-1");
    expect(stored?.received).toBe(JSON.stringify(seedAsset));
  });

  it("keeps fields that it does not know, and fields in the order they came", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    const asset = {
      zone: { deep: [1, null] },
      identityAttributes: { tag: "x", sourceNativeKey: "k" },
    };
    await client.import({ ...importBody(sandbox.connectorUuid, ["k"]), assetData: [asset] });
    expect(sandbox.asset(sandbox.connectorUuid, "k")?.received).toBe(JSON.stringify(asset));
  });

  it("replaces an asset by a later call, and changes nothing when a call is repeated", async () => {
    let nowMs = 1_000_000;
    await using sandbox = await startSandbox({ nowMs: () => nowMs });
    const client = await connect(sandbox);
    const stored = () => sandbox.asset(sandbox.connectorUuid, "a");
    const first = importBody(sandbox.connectorUuid, ["a", "b"]);
    await client.import(first);
    const before = stored();
    nowMs += 10;
    await client.import(first);
    expect(stored()).toEqual(before);
    const second = importBody(sandbox.connectorUuid, ["a"]);
    await client.import({
      ...second,
      assetData: [{ identityAttributes: { sourceNativeKey: "a" } }],
    });
    expect(stored()).toMatchObject({ id: 1, operatingSystem: null, createdAtMs: 1_000_000 });
    expect(stored()?.updatedAtMs).toBe(1_000_010);
    expect(sandbox.count()).toBe(2);
  });

  it("keeps the same key of two connectors apart", async () => {
    const connectors = ["A1", "b2"].map((uuid) => ({ uuid, name: uuid, enabled: true }));
    await using sandbox = await startSandbox({ connectors });
    const client = await connect(sandbox);
    await client.import(importBody("a1", ["k"]));
    await client.import(importBody("b2", ["k"]));
    expect([...sandbox.assets.keys()]).toEqual(["A1/k", "b2/k"]);
  });

  it("refuses a missing, a foreign and an expired token as documented, and does not count them", async () => {
    let nowMs = 1_000_000;
    await using sandbox = await startSandbox({ nowMs: () => nowMs, tokenLifetimeMs: 1000 });
    const client = await connect(sandbox);
    const expired = { status: 401, error: "Unauthorized", message: "JWT expired" };
    nowMs += 1000;
    const late = await client.importKeys("a");
    expect([late.status, await late.json()]).toEqual([401, expired]);
    client.token = "nonsense";
    const foreign = await client.importKeys("a");
    expect([foreign.status, await foreign.json()]).toEqual([
      401,
      { ...expired, message: "Not authenticated" },
    ]);
    expect(foreign.headers.get("x-ratelimit-remaining")).toBe("300");
    expect(sandbox.callsInWorstWindow()).toBe(0);
    expect(sandbox.calls.map((call) => call.admission)).toEqual(["unauthorized", "unauthorized"]);
  });

  it.each([
    ["text that is not JSON", () => "{", "The body is not JSON"],
    ["no metadata", () => ({ assetData: [] }), "connectorMetaData: "],
    [
      "an address that is not a list",
      (uuid: string) => withAsset(uuid, { sourceNativeKey: "k", ipAddress: "1.1.1.1" }),
      "assetData[0].identityAttributes.ipAddress: ",
    ],
    [
      "an asset without a key",
      (uuid: string) => withAsset(uuid, {}),
      "assetData[0].identityAttributes.sourceNativeKey: ",
    ],
    [
      "a severity above 5",
      (uuid: string) => withAsset(uuid, { sourceNativeKey: "k" }, [{ id: "CVE-1", severity: 6 }]),
      "assetData[0].findings[0].severity: ",
    ],
    [
      "an unknown connector",
      () => importBody("nobody", ["k"]),
      'no connector has the UUID "nobody"',
    ],
    ["a disabled connector", () => importBody("off", ["k"]), 'the connector "Off" is disabled'],
    [
      "a wrong count",
      (uuid: string) => {
        const body = importBody(uuid, ["k"]);
        return { ...body, connectorMetaData: { ...body.connectorMetaData, assetCount: 2 } };
      },
      "connectorMetaData.assetCount: says 2, but assetData has 1",
    ],
  ])("refuses %s with 400 and says where", async (_case, bodyOf, message) => {
    await using sandbox = await startSandbox({
      connectors: [
        { uuid: "on", name: "On", enabled: true },
        { uuid: "off", name: "Off", enabled: false },
      ],
    });
    const client = await connect(sandbox);
    const response = await client.import(bodyOf(sandbox.connectorUuid));
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      responseCode: "FAILED",
      message: expect.stringContaining(message),
    });
    expect(sandbox.count()).toBe(0);
  });

  it("refuses a wrong connector with another status, takes a wrong count, or refuses unknown fields, if asked", async () => {
    await using sandbox = await startSandbox({ connectorRefusal: 404, wrongCount: "accept" });
    const client = await connect(sandbox);
    expect((await client.import(importBody("nobody", ["k"]))).status).toBe(404);
    const body = importBody(sandbox.connectorUuid, ["k"]);
    const miscounted = {
      ...body,
      connectorMetaData: { ...body.connectorMetaData, assetCount: 9 },
    };
    expect((await client.import(miscounted)).status).toBe(200);
    sandbox.behave({ unknownFields: "refuse" });
    expect((await client.import(body)).status).toBe(200);
    for (const [place, name] of [
      [{ extra: 1 }, "assetData[0].extra"],
      [{ coreAttributes: { rack: 1 } }, "assetData[0].coreAttributes.rack"],
      [
        { coreAttributes: { softwares: [{ name: "a" }, { name: "b", path: "/b" }] } },
        "assetData[0].coreAttributes.softwares[1].path",
      ],
      [{ findings: [{ id: "CVE-1", qid: 1 }] }, "assetData[0].findings[0].qid"],
    ] as const) {
      const assetData = [{ identityAttributes: { sourceNativeKey: "k" }, ...place }];
      const refused = await client.import({ ...body, assetData });
      expect([refused.status, await refused.json()]).toEqual([
        400,
        { responseCode: "FAILED", message: `${name}: no such field is known` },
      ]);
    }
  });

  it("answers 413 to a body above its limit, however much of it is still to come", async () => {
    await using sandbox = await startSandbox({ bodyBytesMax: 1000 });
    const client = await connect(sandbox);
    const response = await client.import({ filler: "x".repeat(5_000_000) });
    expect(response.status).toBe(413);
    expect(sandbox.calls[0]).toMatchObject({ status: 413, bytes: 5_000_013 });
  });

  it("refuses an asset that is nested beyond what can be stored", async () => {
    await using sandbox = await startSandbox();
    const client = await connect(sandbox);
    const body = JSON.stringify(importBody(sandbox.connectorUuid, ["k"]));
    const depth = 100_000;
    const deep = `,"x":${"[".repeat(depth)}${"]".repeat(depth)}}]}`;
    const response = await client.import(body.replace(/\}\]\}$/, deep));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ message: "assetData: nested too deeply" });
  });

  it("enters each call in the audit", async () => {
    const events: SandboxEvent[] = [];
    await using sandbox = await startSandbox({ report: (event) => events.push(event) });
    const client = await connect(sandbox);
    const body = importBody(sandbox.connectorUuid, ["a", "b"]);
    await client.import(body);
    const [call] = sandbox.calls;
    expect(call).toMatchObject({
      admission: "admitted",
      status: 200,
      userAgent: "node",
      requestId: body.connectorMetaData.requestId,
      assetCount: 2,
      keys: ["a", "b"],
      bytes: JSON.stringify(body).length,
    });
    expect(call?.endedAtMs).toBeGreaterThanOrEqual(call?.atMs ?? Infinity);
    expect(events).toEqual([
      { event: "sandbox-started", url: sandbox.url },
      { event: "login-answered", status: 201 },
      { event: "import-ended", call },
    ]);
  });
});

describe("a sandbox", () => {
  it("says which address it could not get", async () => {
    await using sandbox = await startSandbox();
    const port = Number(new URL(sandbox.url).port);
    await expect(startSandbox({ port })).rejects.toThrow(
      `Cannot start the sandbox on 127.0.0.1:${port}: `,
    );
  });

  it("refuses limits that make no sense", async () => {
    await expect(startSandbox({ limit: 0 })).rejects.toThrow("Cannot set the limits: limit: ");
    await using sandbox = await startSandbox();
    expect(() => sandbox.configure({ concurrency: 1.5 })).toThrow("concurrency: ");
  });

  it("frees the slot of a client that goes away in the middle of its request", async () => {
    await using sandbox = await startSandbox({ concurrency: 1 });
    const client = await connect(sandbox);
    const socket = connectSocket(Number(new URL(sandbox.url).port), "127.0.0.1");
    await once(socket, "connect");
    socket.write(
      "POST /rest/2.0/am/connector/asset/data/sync HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n" +
        `Authorization: Bearer ${client.token}\r\n\r\n{`,
    );
    await vi.waitUntil(() => sandbox.calls.length > 0);
    expect((await client.importKeys("a")).status).toBe(429);
    socket.destroy();
    await vi.waitUntil(() => sandbox.calls[0]?.endedAtMs !== null);
    expect((await client.importKeys("a")).status).toBe(200);
    expect(sandbox.calls[0]).toMatchObject({ status: null });
  });
});

function withAsset(connectorUuid: string, identityAttributes: object, findings: object[] = []) {
  const assetData = [{ identityAttributes, findings }];
  return { ...importBody(connectorUuid, ["-"]), assetData };
}
