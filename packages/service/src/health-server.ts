import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A sentence on what keeps the process from its work; null when nothing does. */
export type Readiness = () => Promise<string | null>;

export interface HealthOptions {
  host: string;
  /** 0 takes any that is free. */
  port: number;
  /** Asked at each look; one that has not answered after two seconds is taken for not ready. Must not reject. */
  readiness: Readiness;
  /** What the process has failed in, so that it has to be started again; null while it has not. Default: it never has. */
  failure?: () => string | null;
}

/** Tells whoever supervises the process how it is. */
export interface HealthServer extends AsyncDisposable {
  readonly url: string;
}

const READINESS_MS_MAX = 2_000;
const REQUEST_MS_MAX = 5_000;

/**
 * Serves `GET /livez` (200 while the process answers and has not failed) and `GET /readyz` (200 when it can work, else 503),
 * each with a JSON object of `status` and, where something is wrong, `problem`. Throws when the address can't be listened on.
 */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const { host, port, readiness, failure = () => null } = options;
  const server = createServer((request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") answer(response, 405, null);
    else if (request.url === "/livez") answerHealth(response, failure());
    else if (request.url !== "/readyz") answer(response, 404, null);
    else void readyWithin(readiness).then((why) => answerHealth(response, failure() ?? why));
  });
  server.requestTimeout = REQUEST_MS_MAX;
  server.maxConnections = 100;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new Error(
          `Cannot serve health on ${host}:${port}: ${cause.message}; choose another SLUICE_HEALTH_PORT`,
          { cause },
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function answerHealth(response: ServerResponse, problem: string | null): void {
  answer(response, problem ? 503 : 200, problem);
}

function answer(response: ServerResponse, status: number, problem: string | null): void {
  const text = status === 200 ? "ok" : status === 503 ? "not ready" : "no such thing";
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(`${JSON.stringify({ status: text, ...(problem && { problem }) })}\n`);
}

async function readyWithin(readiness: Readiness): Promise<string | null> {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(
    () => resolve("no answer in time, so Redis may be gone"),
    READINESS_MS_MAX,
  );
  return await Promise.race([readiness(), late]).finally(() => clearTimeout(timer));
}
