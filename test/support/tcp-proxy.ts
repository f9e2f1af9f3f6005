import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** A way between a process and a server that can be disturbed. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** How many have been made. */
  readonly connections: number;
  /** Cuts all connections. What is on its way is lost. */
  cut(): void;
  /** From now on all that is sent is lost, and nobody notices, until the connections are cut by `mend`. */
  lose(): void;
  /** Each piece of data takes that much longer. */
  slow(delayMs: number): void;
  /** All is well again. */
  mend(): void;
}

/** What becomes of data now. */
interface Weather {
  isLost: boolean;
  delayMs: number;
}

/** Listens on any free port of this machine, and leads to a unix socket or another port. */
export async function startTcpProxy(target: string | number): Promise<TcpProxy> {
  const weather: Weather = { isLost: false, delayMs: 0 };
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer({ noDelay: true }, (near) => {
    connections += 1;
    const far = typeof target === "string" ? connect(target) : connect(target, "127.0.0.1");
    far.setNoDelay(true);
    relay(near, far, weather);
    relay(far, near, weather);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  function cut(): void {
    for (const socket of sockets) socket.destroy();
  }
  return {
    port,
    get connections() {
      return connections;
    },
    cut,
    lose: () => void (weather.isLost = true),
    slow: (delayMs) => void (weather.delayMs = delayMs),
    mend() {
      // What was sent meanwhile never arrives: no byte of these connections makes sense any more.
      if (weather.isLost) cut();
      Object.assign(weather, { isLost: false, delayMs: 0 });
    },
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}

/** A socket that closes takes what is on its way with it: a call whose client is gone never arrives late. */
function relay(from: Socket, to: Socket, weather: Weather): void {
  let last = Promise.resolve();
  async function pass(before: Promise<void>, data: Buffer): Promise<void> {
    await before;
    if (weather.delayMs > 0) await delay(weather.delayMs);
    if (!to.destroyed) to.write(data);
  }
  from.on("data", (data) => {
    if (!weather.isLost) last = pass(last, data);
  });
  from.once("close", () => to.destroy());
  // The other end is gone; its process notices by itself.
  from.on("error", () => {});
}
