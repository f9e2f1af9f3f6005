import { createServer, type AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { askHealth, serveHealth, type HealthServer, type Readiness } from "./health-server.ts";

async function serve(readiness: Readiness): Promise<HealthServer> {
  const server = await serveHealth({ host: "127.0.0.1", port: 0, readiness });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

function portOf({ url }: HealthServer): number {
  return Number(new URL(url).port);
}

const ready: Readiness = async () => null;
const broken: Readiness = async () => "out of paper";
const silent: Readiness = () => new Promise(() => {});

describe("serveHealth", () => {
  it.for([
    ["/livez", 200, { status: "ok" }],
    ["/readyz", 503, { status: "not ready", problem: "out of paper" }],
    ["/other", 404, { status: "no such thing" }],
  ] as const)("answers %s with %i while the process lives and can't work", async (row) => {
    const [path, status, body] = row;
    const { url } = await serve(broken);
    const response = await fetch(url + path);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual(body);
  });

  it("is ready when nothing keeps the process from its work", async () => {
    const { url } = await serve(ready);
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "ok" });
  });

  it("takes no other method", async () => {
    const { url } = await serve(ready);
    expect((await fetch(`${url}/readyz`, { method: "POST" })).status).toBe(405);
  });

  it("is closed when it is disposed of, whoever is connected", async () => {
    const server = await serve(silent);
    const asking = fetch(`${server.url}/readyz`).then(
      () => "answered",
      () => "cut",
    );
    await fetch(`${server.url}/livez`);
    await server[Symbol.asyncDispose]();
    expect(await asking).toBe("cut");
  });

  it("names the setting when its port is taken", async () => {
    const port = portOf(await serve(ready));
    const second = serveHealth({ host: "127.0.0.1", port, readiness: ready });
    await expect(second).rejects.toThrow(
      /^Cannot serve health on .*choose another SLUICE_HEALTH_PORT$/,
    );
  });
});

describe("askHealth", () => {
  it("finds nothing wrong with a process that is ready", async () => {
    expect(await askHealth(portOf(await serve(ready)))).toBeNull();
  });

  it("tells what keeps a process from its work", async () => {
    expect(await askHealth(portOf(await serve(broken)))).toBe("out of paper");
  });

  it("does not wait for ever for one that does not answer", async () => {
    expect(await askHealth(portOf(await serve(silent)))).toMatch(/no answer in time/);
  });

  it("tells when nobody is there, or somebody else", async () => {
    const stranger = createServer((socket) => socket.end("hello\n", () => socket.destroy()));
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    const { port } = stranger.address() as AddressInfo;
    expect(await askHealth(port)).toMatch(/^nothing answers on port/);
    await new Promise((resolve) => stranger.close(resolve));
    expect(await askHealth(port)).toMatch(/^nothing answers on port .*ECONNREFUSED/);
  });
});
