import type { SourceRecord } from "./source-record.ts";

/** The bytes in chunks of the given sizes, used over and over. */
export async function* inChunks(
  content: string | Buffer,
  sizes: readonly number[],
): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(content);
  for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    yield bytes.subarray(start, start + size);
    start += size;
  }
}

/** All records of all slices. */
export async function collect(
  slices: AsyncIterable<readonly SourceRecord[]>,
): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  for await (const slice of slices) records.push(...slice);
  return records;
}
