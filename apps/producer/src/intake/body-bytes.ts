import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import type { BodyMeter } from "./body-meter.ts";
import { tooLarge } from "./body-meter.ts";
import { Problem } from "./problem.ts";

/** What is known of a body before it is read. */
export interface BodyOptions {
  isCompressed: boolean;
  /** Bounds the bytes on the wire. */
  bytesMax: number;
  /** Counts what they are unpacked to. */
  meter: BodyMeter;
}

/**
 * The bytes of a request's body, unpacked, as they arrive; no more of them are held than the consumer holds. Throws a `Problem`: 400 for
 * a body that is cut off or not gzip, 413 beyond the bound, 503 when there is no room.
 */
export async function* readBody(
  request: IncomingMessage,
  { isCompressed, bytesMax, meter }: BodyOptions,
): AsyncGenerator<Buffer> {
  const wire = arriving(request, bytesMax);
  for await (const chunk of isCompressed ? unpacked(wire) : wire) {
    meter.addBytes(chunk.length);
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
