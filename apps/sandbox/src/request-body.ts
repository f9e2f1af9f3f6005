import type { Readable } from "node:stream";

/** A request's body; `content` is `null` when it was longer than allowed. */
export interface RequestBody {
  readonly bytes: number;
  readonly content: Buffer | null;
}

/**
 * Reads a body to its end, keeping at most `bytesMax` of it: a client that is still sending when the
 * answer comes may see a reset connection instead of the answer. The server's request timeout bounds the wait.
 * Throws when the client goes away.
 */
export async function readBody(stream: Readable, bytesMax: number): Promise<RequestBody> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) chunks = [];
    else chunks.push(chunk);
  }
  return { bytes, content: bytes > bytesMax ? null : Buffer.concat(chunks) };
}
