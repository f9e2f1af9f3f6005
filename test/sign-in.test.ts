import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hostLines, openPlace, type Ended, type Place } from "./support/sluice.ts";
import { startProxy, startTlsFront } from "./support/tls-front.ts";

type Changes = Readonly<Record<string, string>>;

interface Checked {
  ok: boolean;
  findings: { what: string; state: string; message: string }[];
}

async function push(place: Place, changes: Changes): Promise<Ended> {
  await place.write("hosts.ndjson", hostLines(5));
  return await place.run(["push", "hosts.ndjson", "--json"], { env: { ...place.env, ...changes } });
}

/** What `sluice check` finds wrong, as `what: message`. */
async function wrong(place: Place, changes: Changes): Promise<string[]> {
  const ended = await place.run(["check", "--json"], { env: { ...place.env, ...changes } });
  const { ok, findings } = JSON.parse(ended.stdout) as Checked;
  const wrong = findings.filter(({ state }) => state === "wrong");
  expect([ended.exitCode, ok], ended.stderr).toEqual(wrong.length > 0 ? [2, false] : [0, true]);
  return wrong.map(({ what, message }) => `${what}: ${message}`);
}

/** A server that is no gateway, or not a good one. */
async function startServer(listener: RequestListener): Promise<AsyncDisposable & { url: string }> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

describe("signing in", () => {
  it.for(["oauth", "oidc"])("as a client with QUALYS_AUTH=%s delivers", async (auth) => {
    await using place = await openPlace();
    const { clientId, clientSecret } = place.sandbox;
    await place.write("secret", `${clientSecret}\n`);
    const ended = await push(place, {
      QUALYS_AUTH: auth,
      QUALYS_CLIENT_ID: clientId,
      QUALYS_CLIENT_SECRET_FILE: join(place.dir, "secret"),
      QUALYS_USERNAME: "",
      QUALYS_PASSWORD: "",
    });
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ delivered: 5 });
  });

  it("as a client that CSAM does not serve stops with the remedy, and loses nothing", async () => {
    await using place = await openPlace({ servesClients: false });
    const { clientId, clientSecret } = place.sandbox;
    const client = {
      QUALYS_AUTH: "oauth",
      QUALYS_CLIENT_ID: clientId,
      QUALYS_CLIENT_SECRET: clientSecret,
    };
    const held = await push(place, client);
    expect(held.exitCode).toBe(4);
    expect(held.stderr).toMatch(/credentials.*Invalid Subscription Id.*QUALYS_AUTH=password/s);
    expect(held.stderr).not.toContain(clientSecret);
    expect(JSON.parse(held.stdout)).toMatchObject({ pending: 5, dead: 0 });
    expect(await wrong(place, client)).toEqual([
      expect.stringMatching(/^permission: .*Invalid Subscription Id.*QUALYS_AUTH=password/),
    ]);
    const { run } = JSON.parse(held.stdout) as { run: string };
    const resumed = await place.run(["push", "--resume", run, "--json"]);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ delivered: 5, pending: 0 });
  });
});

describe("the configuration of the way to Qualys", () => {
  it("asks for the credentials that QUALYS_AUTH needs, and tells every mistake at once", async () => {
    await using place = await openPlace();
    const env = { QUALYS_AUTH: "oauth", QUALYS_PLATFORM: "EU9", QUALYS_CONNECTOR_UUID: "x" };
    const ended = await place.run(["push", "hosts.ndjson"], { env });
    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    for (const words of [
      "QUALYS_CLIENT_ID: is not set",
      "QUALYS_CLIENT_SECRET: is not set",
      "KSA1",
      "no UUID",
    ]) {
      expect(ended.stderr).toContain(words);
    }
    expect(ended.stderr).not.toContain("QUALYS_USERNAME");
    expect(ended.stderr).not.toContain("QUALYS_GATEWAY_URL: is not set");
  });

  it.for([
    ["a platform that is not the gateway's", { QUALYS_PLATFORM: "US2" }, "leave one of them out"],
    ["a way to sign in that there is not", { QUALYS_AUTH: "saml" }, "QUALYS_AUTH"],
    ["a file of certificates that is not there", { QUALYS_CA_FILE: "none.pem" }, "ENOENT"],
    [
      "a file of certificates that holds none",
      { QUALYS_CA_FILE: "hosts.ndjson" },
      "no certificate in PEM",
    ],
    [
      "a proxy of another kind",
      { QUALYS_PROXY: "socks5://u:hunter2@h:1" },
      "no address of an HTTP proxy",
    ],
  ] as const)("refuses %s", async ([, changes, words]) => {
    await using place = await openPlace();
    const ended = await push(place, changes);
    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ended.stderr).toContain(words);
    expect(ended.stderr).not.toContain("hunter2");
  });

  it("may name the platform; to look needs no connector and no credentials", async () => {
    await using place = await openPlace();
    const { REDIS_URL = "" } = place.env;
    const env = { REDIS_URL, QUALYS_PLATFORM: "eu2" };
    const ended = await place.run(["status", "--json"], { env });
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      accounts: [{ account: "gateway.qg2.apps.qualys.eu" }],
    });
  });

  it("asks a worker for no credentials", async () => {
    await using place = await openPlace();
    const { QUALYS_USERNAME: _, QUALYS_PASSWORD: __, ...env } = place.env;
    const worker = place.start(["up", "--role", "worker"], { env });
    await worker.line(/^worker running/m);
    worker.signal("SIGTERM");
    expect((await worker.ended).exitCode).toBe(0);
    const sender = await place.run(["up", "--role", "sender"], { env });
    expect(sender.exitCode).toBe(2);
    expect(sender.stderr).toContain("QUALYS_PASSWORD: is not set");
  });
});

describe("a gateway behind a company's proxy, with a certificate of its own", () => {
  it("is delivered to with QUALYS_CA_FILE and QUALYS_PROXY, and the password is nowhere", async () => {
    await using place = await openPlace();
    await using front = await startTlsFront(place.sandbox.url);
    await using proxy = await startProxy();
    await place.write("ca.pem", `of the company\n${front.certificate}`);
    const way = { QUALYS_GATEWAY_URL: front.url, QUALYS_CA_FILE: "ca.pem" };
    const ended = await push(place, { ...way, QUALYS_PROXY: proxy.url, SLUICE_LOG_LEVEL: "debug" });
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(place.sandbox.count()).toBe(5);
    const { host } = new URL(front.url);
    expect(new Set(proxy.targets)).toEqual(new Set([host]));
    expect(ended.stderr).not.toMatch(/p@ss|p%40ss/);
  });

  it("is reached by the usual HTTPS_PROXY as well, and directly where NO_PROXY says so", async () => {
    await using place = await openPlace();
    await using front = await startTlsFront(place.sandbox.url);
    await using proxy = await startProxy();
    await place.write("ca.pem", front.certificate);
    const way = { QUALYS_GATEWAY_URL: front.url, QUALYS_CA_FILE: "ca.pem", HTTPS_PROXY: proxy.url };
    expect(await wrong(place, { ...way, NO_PROXY: "localhost" })).toEqual([]);
    expect(proxy.targets).toEqual([]);
    expect(await wrong(place, way)).toEqual([]);
    expect(proxy.targets).not.toEqual([]);
  });
});

describe("sluice check", () => {
  it("tells a name without address, an untrusted or other certificate, and no TLS at all", async () => {
    await using place = await openPlace();
    await using front = await startTlsFront(place.sandbox.url);
    await place.write("ca.pem", front.certificate);
    const { port } = new URL(front.url);
    const { port: plainPort } = new URL(place.sandbox.url);
    const cases: [Changes, RegExp][] = [
      [
        { QUALYS_GATEWAY_URL: "https://gateway.invalid" },
        /^gateway: .*"gateway.invalid" has no address/,
      ],
      [{ QUALYS_GATEWAY_URL: front.url }, /^gateway: .*no trusted root.*QUALYS_CA_FILE/],
      [
        { QUALYS_GATEWAY_URL: `https://127.0.0.1:${port}`, QUALYS_CA_FILE: "ca.pem" },
        /^gateway: .*certificate is not for "127.0.0.1/,
      ],
      [{ QUALYS_GATEWAY_URL: `https://127.0.0.1:${plainPort}` }, /^gateway: .*does not speak TLS/],
    ];
    for (const [changes, message] of cases) {
      expect(await wrong(place, changes)).toEqual([expect.stringMatching(message)]);
    }
  });

  it("tells what is wrong with the proxy", async () => {
    await using place = await openPlace();
    await using front = await startTlsFront(place.sandbox.url);
    await using opens = await startProxy();
    await using forbids = await startProxy("403 Forbidden");
    const cases: [string, RegExp][] = [
      [opens.url.replace("me:", "you:"), /^gateway: .*does not accept the user \(407/],
      [forbids.url, /^gateway: .*opens no way to "localhost:\d+" \(403 Forbidden\)/],
      ["http://127.0.0.1:1", /^gateway: .*ECONNREFUSED.*QUALYS_PROXY/],
    ];
    for (const [proxy, message] of cases) {
      const changes = { QUALYS_GATEWAY_URL: front.url, QUALYS_PROXY: proxy };
      expect(await wrong(place, changes)).toEqual([expect.stringMatching(message)]);
    }
  });

  it("tells a host that is no gateway, a redirect and a login page, and follows none", async () => {
    await using place = await openPlace();
    const asked: string[] = [];
    await using other = await startServer(({ url = "" }, response) => {
      asked.push(url);
      if (url.startsWith("/redirect/")) response.writeHead(302, { location: "/landing" }).end();
      else if (url.startsWith("/login/")) response.end('<html><input type="password"></html>');
      else response.writeHead(404).end();
    });
    for (const path of ["", "/redirect", "/login"]) {
      expect(await wrong(place, { QUALYS_GATEWAY_URL: other.url + path })).toEqual([
        expect.stringMatching(/^gateway: There is no Qualys API.*check QUALYS_GATEWAY_URL/),
      ]);
    }
    expect(asked).toEqual(["/auth", "/redirect/auth", "/login/auth"]);
  });

  it("tells a user who may sign in and no more", async () => {
    await using place = await openPlace();
    await using gateway = await startServer(({ url }, response) => {
      if (url === "/auth") response.writeHead(201).end("a.b.c");
      else response.writeHead(403).end('{"message":"no API access"}');
    });
    expect(await wrong(place, { QUALYS_GATEWAY_URL: gateway.url })).toEqual([
      expect.stringMatching(/^permission: .*no API access.*check its role/),
    ]);
  });

  it("tells a connector that takes nothing, and one that took something", async () => {
    await using place = await openPlace();
    const other = { QUALYS_CONNECTOR_UUID: "da4b8361-2327-4bf1-af7d-2ce775bc9882" };
    expect((await push(place, other)).exitCode).toBe(4);
    expect(await wrong(place, other)).toEqual([
      expect.stringMatching(/^connector: .*correct QUALYS_CONNECTOR_UUID.*sluice resume/),
    ]);
    expect((await push(place, {})).exitCode).toBe(0);
    const ended = await place.run(["check"]);
    expect(ended.stdout).toMatch(/^ok +connector: \S+ took assets before/m);
  });
});
