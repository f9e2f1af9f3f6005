import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { emptyReading } from "@sluice/governor";
import { Secret } from "@sluice/service";
import { describe, expect, it, vi } from "vitest";
import { CsamClient, type CsamOptions } from "./client.ts";
import { jwtWith, listenLocally, type Received, startScriptedGateway } from "./scripted-gateway.ts";

const importPath = "/rest/2.0/am/connector/asset/data/sync";
const published = `{"message":"Submitted","responseCode":"SUCCESSFULLY_PUBLISHED","assetsError":{}}`;
const password = `p&a=s%s#w+ö"rd`;
const assets = () => [{ sourceNativeKey: "key-a", names: ["web-1"] }];
const batch = { requestId: "request-1", payload: `{"assetData":[]}`, assets };

/** Node.js can't make certificates by itself. */
const openssl = "openssl";
const hasOpenssl = spawnSync(openssl, ["version"]).status === 0;

function clientOf(gatewayUrl: string, options: Partial<CsamOptions> = {}): CsamClient {
  return new CsamClient({
    gatewayUrl,
    credentials: { kind: "password", username: "joe", password: new Secret(password) },
    ...options,
  });
}

/** A gateway that signs in everyone and answers every other call by `script`. */
async function start(script: (request: Received, response: ServerResponse) => void) {
  let issued = 0;
  return startScriptedGateway((request, response) => {
    if (request.url === "/auth") {
      issued += 1;
      response.writeHead(201).end(jwtWith({ issued }));
    } else {
      script(request, response);
    }
  });
}

function say(status: number, body = "", headers: Record<string, string> = {}) {
  return (_request: Received, response: ServerResponse) => {
    response.writeHead(status, headers).end(body);
  };
}

/** A server that speaks no HTTP. */
async function startRaw(onSocket: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    onSocket(socket);
  });
  const port = await listenLocally(server);
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) {
        socket.destroy();
      }
      server.close();
      await once(server, "close");
    },
  };
}

describe("importing", () => {
  it("leaves the call unmade when its time was over before it was signed in", async () => {
    const asked: string[] = [];
    await using gateway = await start((request, response) => {
      asked.push(request.url);
      say(200, published)(request, response);
    });
    await using client = clientOf(gateway.url);
    const { verdict, status } = await client.importAssets({ ...batch, mayPost: () => false });
    expect([verdict.kind, status, asked]).toEqual(["unavailable", null, []]);
    const later = await client.importAssets({ ...batch, mayPost: () => true });
    expect([later.verdict.kind, asked]).toEqual(["accepted", [importPath]]);
  });

  it("posts the payload as it is, with the token of a form login", async () => {
    await using gateway = await start(say(200, published, { "x-ratelimit-remaining": "9" }));
    await using client = clientOf(gateway.url, { userAgent: "sluice/1" });
    const answer = await client.importAssets(batch);
    expect(answer).toEqual({
      verdict: { kind: "accepted" },
      reading: { ...emptyReading, remaining: 9 },
      status: 200,
      elapsedMs: expect.any(Number),
      body: published,
    });
    const [login, call] = gateway.received;
    expect(login).toMatchObject({
      url: "/auth",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(Object.fromEntries(new URLSearchParams(login?.body))).toEqual({
      username: "joe",
      password,
      token: "true",
    });
    expect(call).toMatchObject({
      url: importPath,
      body: batch.payload,
      headers: {
        authorization: `Bearer ${jwtWith({ issued: 1 })}`,
        "content-type": "application/json",
        "user-agent": "sluice/1",
      },
    });
  });

  it("matches asset errors with the batch, which it asks for only then", async () => {
    const body = `{"responseCode":"SUCCESSFULLY_PUBLISHED","assetsError":{"web-1":"bad IP"}}`;
    await using gateway = await start((request, response) => {
      response.end(request.body === "{}" ? published : body);
    });
    await using client = clientOf(gateway.url);
    const asked = vi.fn(assets);
    await client.importAssets({ ...batch, payload: "{}", assets: asked });
    expect(asked).not.toHaveBeenCalled();
    const { verdict } = await client.importAssets({ ...batch, assets: asked });
    expect(verdict).toMatchObject({ rejected: [{ index: 0, message: "bad IP" }] });
  });

  it("gives a reading beside the verdict, whichever the verdict", async () => {
    await using gateway = await start(say(503, "", { "retry-after": "7" }));
    await using client = clientOf(gateway.url);
    expect(await client.importAssets(batch)).toMatchObject({
      verdict: { kind: "unavailable" },
      reading: { toWaitMs: 7000 },
      status: 503,
    });
  });

  it("retries nothing by itself", async () => {
    const statuses = [408, 409, 413, 429, 500, 502, 503, 504];
    await using gateway = await start((request, response) => {
      response.writeHead(Number(request.body), { "retry-after": "0" }).end();
    });
    await using client = clientOf(gateway.url);
    for (const status of statuses) {
      await client.importAssets({ ...batch, payload: String(status) });
    }
    expect(gateway.to(importPath).map(({ body }) => Number(body))).toEqual(statuses);
  });

  it("follows no redirect", async () => {
    await using elsewhere = await startScriptedGateway(say(200, published));
    await using gateway = await start(say(307, "", { location: `${elsewhere.url}/x` }));
    await using client = clientOf(gateway.url);
    const { verdict } = await client.importAssets(batch);
    expect(verdict.kind).toBe("wrong-address");
    expect(elsewhere.received).toEqual([]);
  });

  it("reads a compressed answer", async () => {
    await using gateway = await start((_request, response) => {
      response.setHeader("content-encoding", "gzip").end(gzipSync(published));
    });
    await using client = clientOf(gateway.url);
    expect((await client.importAssets(batch)).body).toBe(published);
  });

  it("stops reading an answer that is too long, compressed or not", async () => {
    const long = `{"responseCode":"SUCCESS","message":"${"x".repeat(2_000_000)}"}`;
    await using gateway = await start((request, response) => {
      const isZipped = request.body === "zip";
      response.writeHead(200, isZipped ? { "content-encoding": "gzip" } : {});
      response.end(isZipped ? gzipSync(long) : long);
    });
    await using client = clientOf(gateway.url);
    for (const payload of ["zip", "plain"]) {
      const { verdict, body } = await client.importAssets({ ...batch, payload });
      expect(verdict.kind).toBe("unknown");
      expect(body).toHaveLength(65_536);
    }
  });

  it("takes an answer that comes before the whole request was sent", async () => {
    await using server = await startRaw((socket) => {
      socket.once("data", (head) => {
        if (head.toString().startsWith("POST /auth")) {
          const token = jwtWith({});
          const lines = ["HTTP/1.1 201 Created", "Connection: close", "", token];
          socket.end(lines.join("\r\n"));
        } else {
          socket.pause();
          socket.write("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n");
        }
      });
    });
    await using client = clientOf(`http://127.0.0.1:${server.port}`);
    const { verdict } = await client.importAssets({ ...batch, payload: "x".repeat(20_000_000) });
    expect(verdict.kind).toBe("too-large");
  });

  it("keeps one connection for calls that follow each other", async () => {
    const ports = new Set<number | undefined>();
    await using gateway = await start((_request, response) => {
      ports.add(response.socket?.remotePort);
      response.end(published);
    });
    await using client = clientOf(gateway.url);
    for (let call = 0; call < 5; call += 1) {
      await client.importAssets(batch);
    }
    expect(ports.size).toBe(1);
  });
});

describe("a call without an answer", () => {
  it("is unavailable when nobody listens", async () => {
    let url = "";
    {
      await using gateway = await start(say(200));
      url = gateway.url;
    }
    await using client = clientOf(url);
    expect(await client.importAssets(batch)).toMatchObject({
      verdict: { kind: "unavailable", message: expect.stringContaining("ECONNREFUSED") },
      reading: emptyReading,
      status: null,
      body: "",
    });
  });

  it("is unavailable when the gateway is gone after the sign-in", async () => {
    const gateway = await startScriptedGateway((_request, response) => {
      response.writeHead(201, { connection: "close" }).end(jwtWith({}));
    });
    await using client = clientOf(gateway.url);
    await client.signIn();
    await gateway[Symbol.asyncDispose]();
    const { verdict } = await client.importAssets(batch);
    expect(verdict).toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining('Cannot reach Qualys for import "request-1"'),
    });
  });

  it("is unknown when the connection is cut after the request", async () => {
    await using gateway = await start((_request, response) => {
      response.socket?.resetAndDestroy();
    });
    await using client = clientOf(gateway.url);
    expect(await client.importAssets(batch)).toMatchObject({
      verdict: { kind: "unknown", message: expect.stringContaining('import "request-1"') },
      status: null,
    });
  });

  it("is unknown when the server never answers", async () => {
    await using gateway = await start(() => {});
    await using client = clientOf(gateway.url, { callTimeoutMs: 50 });
    expect((await client.importAssets(batch)).verdict.kind).toBe("unknown");
  });

  it("is unknown when the answer trickles without end", async () => {
    await using gateway = await start((_request, response) => {
      response.writeHead(200);
      const trickle = setInterval(() => response.write(" "), 5);
      response.on("close", () => clearInterval(trickle));
    });
    await using client = clientOf(gateway.url, { callTimeoutMs: 60 });
    expect(await client.importAssets(batch)).toMatchObject({
      verdict: { kind: "unknown" },
      status: 200,
    });
  });

  it.each([
    [200, published.slice(0, 30), "unknown"],
    [200, published, "unknown"],
    [429, "", "limited"],
  ])("of which only a part came is judged by what is certain: %i", async (status, part, kind) => {
    await using gateway = await start((_request, response) => {
      response.writeHead(status, { "content-length": "500", "x-ratelimit-towait-sec": "3" });
      response.write(part, () => response.socket?.destroy());
      response.flushHeaders();
    });
    await using client = clientOf(gateway.url);
    expect(await client.importAssets(batch)).toMatchObject({
      verdict: { kind },
      reading: { toWaitMs: 3000 },
      status,
    });
  });

  it("is unknown when it is stopped on the way, unavailable when it was stopped before", async () => {
    const stop = new AbortController();
    await using gateway = await start(() => stop.abort());
    await using client = clientOf(gateway.url);
    const answer = await client.importAssets({ ...batch, signal: stop.signal });
    expect(answer.verdict.kind).toBe("unknown");
    const later = await client.importAssets({ ...batch, signal: stop.signal });
    expect(later.verdict.kind).toBe("unavailable");
    expect(gateway.to(importPath)).toHaveLength(1);
  });

  it("ends when the client is closed, and none is made afterwards", async () => {
    const arrived = Promise.withResolvers<void>();
    await using gateway = await start(() => arrived.resolve());
    const client = clientOf(gateway.url);
    const answer = client.importAssets(batch);
    await arrived.promise;
    await client[Symbol.asyncDispose]();
    expect((await answer).verdict.kind).toBe("unknown");
    expect((await client.importAssets(batch)).verdict.kind).toBe("unavailable");
    expect(gateway.to(importPath)).toHaveLength(1);
  });
});

describe("over TLS", () => {
  it("is unavailable when the server does not speak it", async () => {
    await using server = await startRaw((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n"));
    await using client = clientOf(`https://127.0.0.1:${server.port}`);
    expect((await client.importAssets(batch)).verdict.kind).toBe("unavailable");
  });

  it("is unavailable when the handshake hangs", async () => {
    await using server = await startRaw(() => {});
    await using client = clientOf(`https://127.0.0.1:${server.port}`, { signInTimeoutMs: 50 });
    expect(await client.signIn()).toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("Cannot reach the gateway"),
    });
  });

  it.skipIf(!hasOpenssl)(
    "sends nothing to a server whose certificate nobody vouches for",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "csam-tls-"));
      const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
      const subject = ["-subj", "/CN=localhost", "-days", "1", "-nodes"];
      const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", key];
      execFileSync(openssl, ["req", "-x509", ...newKey, "-out", cert, ...subject], {
        stdio: "pipe",
      });
      const asked = vi.fn();
      const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, asked);
      rmSync(folder, { recursive: true });
      const port = await listenLocally(server);
      await using client = clientOf(`https://localhost:${port}`);
      const { verdict } = await client.importAssets(batch);
      server.close();
      expect(verdict).toMatchObject({
        kind: "unavailable",
        message: expect.stringMatching(/no trusted root .*QUALYS_CA_FILE/),
      });
      expect(asked).not.toHaveBeenCalled();
    },
  );

  it("is demanded of every other machine", () => {
    expect(() => clientOf("http://gateway.example")).toThrow(/QUALYS_GATEWAY_URL/);
  });
});

describe("the token", () => {
  it("is fetched once for calls that start together", async () => {
    await using gateway = await start(say(200, published));
    await using client = clientOf(gateway.url);
    await Promise.all(Array.from({ length: 5 }, () => client.importAssets(batch)));
    expect(gateway.to("/auth")).toHaveLength(1);
    expect(gateway.to(importPath)).toHaveLength(5);
  });

  it.each([
    ["its expiry", { exp: 1_000_000 + 600 }, 600_000],
    ["four hours", {}, 4 * 3_600_000],
  ])("is kept until shortly before %s", async (_what, claims, lifetimeMs) => {
    let nowMs = 1_000_000_000;
    await using gateway = await startScriptedGateway((request, response) => {
      response.end(request.url === "/auth" ? jwtWith(claims) : published);
    });
    await using client = clientOf(gateway.url, { nowMs: () => nowMs });
    await client.importAssets(batch);
    nowMs += lifetimeMs - 60_001;
    await client.importAssets(batch);
    expect(gateway.to("/auth")).toHaveLength(1);
    nowMs += 1;
    await client.importAssets(batch);
    expect(gateway.to("/auth")).toHaveLength(2);
  });

  it("is replaced for the next calls, once for all that it failed", async () => {
    const old = `Bearer ${jwtWith({ issued: 1 })}`;
    const waiting: ServerResponse[] = [];
    await using gateway = await start((request, response) => {
      if (request.headers.authorization !== old) {
        response.end(published);
        return;
      }
      waiting.push(response);
      if (waiting.length === 3) {
        waiting.forEach((each) => each.writeHead(401).end());
      }
    });
    await using client = clientOf(gateway.url);
    const attempts = async () => {
      const answers = await Promise.all([1, 2, 3].map(() => client.importAssets(batch)));
      return answers.map(({ verdict }) => verdict.kind);
    };
    expect(await attempts()).toEqual(Array(3).fill("unauthorized"));
    expect(await attempts()).toEqual(Array(3).fill("accepted"));
    expect(gateway.to("/auth")).toHaveLength(2);
    expect(gateway.to(importPath)).toHaveLength(6);
  });

  it("is replaced at once for calls that only read", async () => {
    let isFirst = true;
    await using gateway = await start((_, response) => {
      response.writeHead(isFirst ? 401 : 200).end('{"count":7,"responseCode":"SUCCESS"}');
      isFirst = false;
    });
    await using client = clientOf(gateway.url);
    expect(await client.countAssets()).toMatchObject({ kind: "ok", value: 7 });
    expect(gateway.to("/auth")).toHaveLength(2);
  });

  it("is replaced only once: the next one refused, too, the call is forbidden", async () => {
    const body = `{"status":401,"error":"Unauthorized","message":"Not authenticated"}`;
    await using gateway = await start(say(401, body));
    await using client = clientOf(gateway.url);
    expect(await client.importAssets(batch)).toMatchObject({ verdict: { kind: "unauthorized" } });
    expect(await client.importAssets(batch)).toMatchObject({
      verdict: { kind: "forbidden", message: expect.stringContaining("Not authenticated") },
      status: 401,
    });
    expect(gateway.to("/auth")).toHaveLength(2);
    expect(gateway.to(importPath)).toHaveLength(2);
  });
});

describe("signing in", () => {
  it("tries refused credentials again only after a minute, or a reset", async () => {
    let nowMs = 0;
    await using gateway = await startScriptedGateway(say(401, "Authentication Failure"));
    await using client = clientOf(gateway.url, { nowMs: () => nowMs });
    for (let call = 0; call < 3; call += 1) {
      const answer = await client.importAssets(batch);
      expect(answer).toMatchObject({ verdict: { kind: "forbidden" }, status: null });
    }
    expect(await client.signIn()).toMatchObject({ kind: "refused" });
    nowMs = 59_999;
    await client.signIn();
    expect(gateway.received).toHaveLength(1);
    nowMs = 60_000;
    await client.signIn();
    expect(gateway.received).toHaveLength(2);
    client.reset();
    await client.signIn();
    expect(gateway.received).toHaveLength(3);
  });

  it.each(["oauth", "oidc"] as const)(
    "as a client sends id and secret as headers to %s",
    async (kind) => {
      await using gateway = await startScriptedGateway(say(201, jwtWith({})));
      const clientSecret = new Secret("s3cret");
      await using client = clientOf(gateway.url, {
        credentials: { kind, clientId: "client-1", clientSecret },
      });
      expect(await client.signIn()).toEqual({ kind: "ok" });
      expect(gateway.received).toEqual([
        {
          url: `/auth/${kind}`,
          headers: expect.objectContaining({
            clientid: "client-1",
            clientsecret: "s3cret",
            "content-type": "application/x-www-form-urlencoded",
          }),
          body: "",
        },
      ]);
    },
  );

  it("refused to a client names the client's variables, and hides its secret", async () => {
    await using gateway = await startScriptedGateway((request, response) => {
      response.writeHead(401).end(`no ${String(request.headers["clientsecret"])}`);
    });
    await using client = clientOf(gateway.url, {
      credentials: { kind: "oidc", clientId: "client-1", clientSecret: new Secret("s3cret") },
    });
    const { message } = (await client.signIn()) as { message: string };
    expect(message).toMatch(/401: no \[secret\].*QUALYS_CLIENT_SECRET.*sluice.yaml.*for oidc/);
  });

  it.each([
    [201, "ok", jwtWith({})],
    [404, "wrong-address", ""],
    [503, "unavailable", ""],
  ])("answered with %i is %s", async (status, kind, body) => {
    await using gateway = await startScriptedGateway(say(status, body));
    await using client = clientOf(gateway.url);
    expect((await client.signIn()).kind).toBe(kind);
  });

  it("that fails is the verdict of the call that needed it", async () => {
    let status = 404;
    await using gateway = await startScriptedGateway((_request, response) => {
      response.writeHead(status).end();
    });
    await using client = clientOf(gateway.url);
    expect((await client.importAssets(batch)).verdict.kind).toBe("wrong-address");
    status = 503;
    expect((await client.importAssets(batch)).verdict.kind).toBe("unavailable");
    expect(gateway.to(importPath)).toEqual([]);
  });

  it("that hangs or is cut is unavailable", async () => {
    await using hanging = await startScriptedGateway(() => {});
    await using cutting = await startScriptedGateway((_request, response) => {
      response.socket?.destroy();
    });
    for (const { url } of [hanging, cutting]) {
      await using client = clientOf(url, { signInTimeoutMs: 50 });
      expect((await client.signIn()).kind).toBe("unavailable");
    }
  });
});

describe("secrets", () => {
  it.each([200, 400, 401, 403, 404, 500])(
    "are in no result when a server echoes them with %i",
    async (status) => {
      const echoed = new Set<string>();
      await using gateway = await start((request, response) => {
        const token = (request.headers.authorization ?? "").slice("Bearer ".length);
        echoed.add(token);
        const said = `for ${token} of joe with ${password}`;
        const body = {
          responseCode: "SUCCESS",
          message: said,
          assetsError: { "key-a": said, x: said },
        };
        response.writeHead(status).end(JSON.stringify(body));
      });
      await using client = clientOf(gateway.url);
      const answer = JSON.stringify(await client.importAssets(batch));
      expect(echoed.size).toBeGreaterThan(0);
      expect(answer).toContain("[secret] of joe with [secret]");
      for (const secret of [...echoed, password, JSON.stringify(password).slice(1, -1)]) {
        expect(answer).not.toContain(secret);
      }
    },
  );

  it("are in no result when the sign-in echoes them", async () => {
    await using gateway = await startScriptedGateway((request, response) => {
      response.writeHead(401).end(request.body);
    });
    await using client = clientOf(gateway.url);
    expect(await client.signIn()).toMatchObject({
      message: expect.stringContaining("username=joe&password=[secret]&token=true"),
    });
  });

  it("are not cut in two before they are found", async () => {
    const body = "x".repeat(65_530) + password;
    await using gateway = await start(say(500, body));
    await using client = clientOf(gateway.url);
    const answer = await client.importAssets(batch);
    expect(answer.body.slice(65_530)).toBe("[secre");
  });
});

describe("reading back", () => {
  it("counts all assets, or those that pass a filter", async () => {
    const filters = [{ field: "asset.name", operator: "EQUALS", value: "web-1" }];
    await using gateway = await start((request, response) => {
      response.end(`{"count":${request.body === "" ? 275 : 1}}`);
    });
    await using client = clientOf(gateway.url);
    expect(await client.countAssets()).toMatchObject({ kind: "ok", value: 275 });
    expect(await client.countAssets({ filters })).toMatchObject({ kind: "ok", value: 1 });
    expect(JSON.parse(gateway.received.at(-1)?.body ?? "")).toEqual({ filters, operation: "AND" });
  });

  it("turns the pages of a search", async () => {
    const first = {
      responseCode: "SUCCESS",
      hasMore: 1,
      lastSeenAssetId: 42,
      assetListData: { asset: [{ assetId: 42 }] },
    };
    await using gateway = await start((request, response) => {
      response.statusCode = request.url.includes("lastSeenAssetId=42") ? 204 : 200;
      response.end(response.statusCode === 204 ? "" : JSON.stringify(first));
    });
    await using client = clientOf(gateway.url);
    expect(await client.searchAssets({ pageSize: 1000 })).toEqual({
      kind: "ok",
      value: { assets: [{ assetId: 42 }], hasMore: true, lastSeenAssetId: "42" },
      reading: emptyReading,
    });
    expect(gateway.received.at(-1)?.url).toBe("/rest/2.0/search/am/asset?pageSize=300");
    expect(await client.searchAssets({ lastSeenAssetId: "42" })).toMatchObject({
      value: { assets: [], hasMore: false, lastSeenAssetId: null },
    });
  });

  it("counts nothing where nothing is", async () => {
    await using gateway = await start(say(204));
    await using client = clientOf(gateway.url);
    expect(await client.countAssets()).toMatchObject({ kind: "ok", value: 0 });
  });

  it.each([
    [429, "", "limited"],
    [503, "", "unavailable"],
    [200, "{}", "unavailable"],
    [200, `{"count":"many"}`, "unavailable"],
  ])("fails on %i with %o: %s", async (status, body, kind) => {
    await using gateway = await start(say(status, body, { "x-ratelimit-towait-sec": "2" }));
    await using client = clientOf(gateway.url);
    const expected = { kind: "failed", failure: { kind }, reading: { toWaitMs: 2000 } };
    expect(await client.countAssets()).toMatchObject(expected);
    expect(await client.searchAssets()).toMatchObject(expected);
  });
});
