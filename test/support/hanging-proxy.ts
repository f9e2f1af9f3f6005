import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A way to a Redis on a unix socket that can hang as a network does. */
export interface HangingProxy extends AsyncDisposable {
  readonly url: string;
  /**
   * From now on nothing passes over the connections there are, in either direction, and nobody is told. New ones work.
   * Returns how many hang.
   */
  hang(): number;
}

export async function startHangingProxy(redisSocket: string): Promise<HangingProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((near) => {
    const far = connect(redisSocket);
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const [one, other] of [pair, [far, near] as const]) {
      one.on("error", () => other.destroy());
      one.on("close", () => {
        pairs.delete(pair);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no port");
  return {
    url: `redis://127.0.0.1:${address.port}`,
    hang() {
      for (const [near, far] of pairs) {
        near.unpipe(far).pause();
        far.unpipe(near).pause();
      }
      return pairs.size;
    },
    async [Symbol.asyncDispose]() {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
