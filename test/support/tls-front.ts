import { once } from "node:events";
import { connect, type Server } from "node:net";
import { createServer as createHttpServer } from "node:http";
import { createServer as createTlsServer } from "node:tls";
import type { Duplex } from "node:stream";
import selfsigned from "selfsigned";

/** A way in front of a server of this machine. */
interface Front extends AsyncDisposable {
  url: string;
}

/** Puts TLS in front of an http server, for the name `localhost` only; nobody vouches for its certificate but itself. */
export async function startTlsFront(target: string): Promise<Front & { certificate: string }> {
  const { private: key, cert } = await selfsigned.generate(
    [{ name: "commonName", value: "localhost" }],
    {
      keyType: "ec",
      extensions: [
        { name: "basicConstraints", cA: true, critical: true },
        { name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] },
      ],
    },
  );
  const { hostname, port } = new URL(target);
  const server = createTlsServer({ key, cert }, (socket) => {
    join(socket, connect(Number(port), hostname));
  });
  const front = await listen(server);
  return { ...front, url: `https://localhost:${front.port}`, certificate: cert };
}

/** An HTTP proxy that opens tunnels (CONNECT) for one user, to this machine only. */
export async function startProxy(
  answer: "opens" | "403 Forbidden" = "opens",
): Promise<Front & { targets: readonly string[] }> {
  const targets: string[] = [];
  const user = `Basic ${Buffer.from("me:p@ss word").toString("base64")}`;
  const server = createHttpServer().on("connect", ({ url = "", headers }, socket: Duplex) => {
    socket.on("error", () => {});
    targets.push(url);
    if (headers["proxy-authorization"] !== user) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    } else if (answer !== "opens") {
      socket.end(`HTTP/1.1 ${answer}\r\n\r\n`);
    } else {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      join(socket, connect(Number(url.split(":")[1]), "127.0.0.1"));
    }
  });
  const front = await listen(server);
  return { ...front, url: `http://me:p%40ss%20word@127.0.0.1:${front.port}`, targets };
}

function join(one: Duplex, other: Duplex): void {
  one.on("error", () => other.destroy()).on("close", () => other.destroy());
  other.on("error", () => one.destroy()).on("close", () => one.destroy());
  one.pipe(other).pipe(one);
}

async function listen(server: Server): Promise<AsyncDisposable & { port: number }> {
  const sockets = new Set<Duplex>();
  server.on("connection", (socket: Duplex) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no port");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
