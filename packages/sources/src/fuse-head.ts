/** The same bytes, the first `bytes` of them in one chunk (fewer if there are no more). */
export async function* fuseHead(
  chunks: AsyncIterable<Buffer>,
  bytes: number,
): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (head === null) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < bytes) continue;
    yield head;
    head = null;
  }
  if (head !== null && head.length > 0) yield head;
}
