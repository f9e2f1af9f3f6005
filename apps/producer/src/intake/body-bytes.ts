import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import type { Lease } from "./allowance.ts";
import { busy, Problem } from "./problem.ts";

/** What is known of a body before it is read. */
export interface BodyOptions {
  isCompressed: boolean;
  /** Bounds the bytes on the wire, and again what they are unpacked to. */
  bytesMax: number;
  /** Takes what is read. */
  lease: Lease;
}

/**
 * The bytes of a request's body, unpacked, as they arrive; no more of them are held than the consumer holds. Throws a `Problem`: 400 for
 * a body that is cut off or not gzip, 413 beyond the bound, 503 when there is no room.
 */
export async function* readBody(
  request: IncomingMessage,
  { isCompressed, bytesMax, lease }: BodyOptions,
): AsyncGenerator<Buffer> {
  const wire = arriving(request, bytesMax);
  let bytes = 0;
  for await (const chunk of isCompressed ? unpacked(wire) : wire) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    if (!lease.take(chunk.length)) {
      throw busy("Too many bytes are in hand already; send the request again a little later");
    }
    yield chunk;
  }
}

/** Stopping early lets the rest run past unread: the client can only read the answer once it has sent all. */
async function* arriving(request: IncomingMessage, bytesMax: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).length;
      if (bytes > bytesMax) throw tooLarge(bytesMax);
      yield chunk as Buffer;
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(400, "The request ended before its body did; send it again");
  } finally {
    request.resume();
  }
}

export function tooLarge(bytesMax: number): Problem {
  return new Problem(
    413,
    `The body has more than ${bytesMax} bytes, as sent or unpacked; send it in parts`,
  );
}

async function* unpacked(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  // An error of either side reaches the consumer through the reading side.
  pipeline(chunks, gunzip, () => {});
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    if (error instanceof Problem) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Problem(400, `The body is not gzip, as its Content-Encoding says: ${reason}`);
  }
}
