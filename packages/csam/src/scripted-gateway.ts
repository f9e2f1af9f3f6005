import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { Server } from "node:net";

/** A request as the test's gateway received it. */
export interface Received {
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A real HTTP server for tests that answers as the test says. */
export interface ScriptedGateway extends AsyncDisposable {
  url: string;
  received: readonly Received[];
  /** The received requests to `path`. */
  to(path: string): readonly Received[];
}

export type Script = (request: Received, response: ServerResponse) => void;

/** Starts a gateway on a free port of this machine. */
export async function startScriptedGateway(script: Script): Promise<ScriptedGateway> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const call = { url: request.url ?? "", headers: request.headers, body };
      received.push(call);
      script(call, response);
    });
  });
  const port = await listenLocally(server);
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    to: (path) => received.filter(({ url }) => url === path),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Makes a server listen on a free port of this machine, and tells the port. */
export async function listenLocally(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new TypeError("A listening server has no port");
  }
  return address.port;
}

/** A token in the form of a JWT with the given claims; nobody checks its signature. */
export function jwtWith(claims: Readonly<Record<string, unknown>>): string {
  const parts = [{ alg: "HS512" }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  return [...parts, "c2lnbmF0dXJl"].join(".");
}
