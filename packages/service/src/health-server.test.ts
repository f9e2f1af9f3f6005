import { describe, expect, it, onTestFinished } from "vitest";
import { serveHealth, type HealthServer, type Readiness } from "./health-server.ts";

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

  it.for(["/livez", "/readyz"])("has %s say what the process has failed in", async (path) => {
    const failure = () => "the printer burns";
    const server = await serveHealth({ host: "127.0.0.1", port: 0, readiness: ready, failure });
    onTestFinished(() => server[Symbol.asyncDispose]());
    const response = await fetch(server.url + path);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ status: "not ready", problem: failure() });
  });

  it("is not ready when it can't tell in time", async () => {
    const { url } = await serve(silent);
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ problem: expect.stringMatching(/^no answer/) });
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
