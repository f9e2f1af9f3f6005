import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";
import type { ChunkContent, ChunkRecord } from "@sluice/inventory";
import { FORMAT_VERSION } from "./account.ts";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** A chunk, a segment or a batch may not grow beyond this when it is unpacked. */
const UNPACKED_BYTES_MAX = 256 * 1024 * 1024;

interface ChunkHeader {
  source: string;
  lines: readonly number[];
  problems?: Record<string, string>;
  versions?: Record<string, number>;
  /** Indices of the records that are assets already. */
  assets?: readonly number[];
}

/**
 * Packs a chunk: a format byte, then zstd of a header line and one line a record. Records are not parsed, so
 * their texts must not contain line ends; those of malformed ones are quoted as JSON.
 */
export async function packChunk(chunk: ChunkContent): Promise<Buffer> {
  const problems: Record<string, string> = {};
  const versions: Record<string, number> = {};
  const assets: number[] = [];
  const lines = chunk.records.map((record, index) => {
    if (record.version !== undefined) versions[index] = record.version;
    if (record.isAsset) assets.push(index);
    if (record.problem === undefined) return record.text;
    problems[index] = record.problem;
    return JSON.stringify(record.text);
  });
  const header: ChunkHeader = {
    source: chunk.source,
    lines: chunk.records.map((record) => record.line),
    ...(Object.keys(problems).length > 0 && { problems }),
    ...(Object.keys(versions).length > 0 && { versions }),
    ...(assets.length > 0 && { assets }),
  };
  return await packLines([JSON.stringify(header), ...lines]);
}

/** The reverse of {@link packChunk}. */
export async function unpackChunk(packed: Buffer): Promise<ChunkContent> {
  const [head = "{}", ...lines] = await unpackLines(packed);
  const header = JSON.parse(head) as ChunkHeader;
  const records = lines.map((text, index): ChunkRecord => {
    const problem = header.problems?.[index];
    const version = header.versions?.[index];
    return {
      text: problem === undefined ? text : (JSON.parse(text) as string),
      line: header.lines[index] ?? 0,
      ...(problem !== undefined && { problem }),
      ...(version !== undefined && { version }),
      ...(header.assets?.includes(index) && { isAsset: true as const }),
    };
  });
  return { source: header.source, records };
}

/** A format byte, then zstd of the lines. Segments and batches are packed assets, one a line. */
export async function packLines(lines: readonly string[]): Promise<Buffer> {
  const packed = await compress(Buffer.from(lines.join("\n")), ZSTD);
  return Buffer.concat([Buffer.of(FORMAT_VERSION), packed]);
}

/** The reverse of {@link packLines}. Throws on a newer format. */
export async function unpackLines(packed: Buffer): Promise<string[]> {
  const format = packed[0] ?? 0;
  if (format > FORMAT_VERSION) {
    throw new NewerFormatError(
      `Cannot read a value of format ${format}: this version knows ${FORMAT_VERSION}; upgrade this process`,
    );
  }
  const text = await decompress(packed.subarray(1), { maxOutputLength: UNPACKED_BYTES_MAX });
  return text.toString("utf8").split("\n");
}

/** A newer process wrote this value; whoever meets it leaves it alone. */
class NewerFormatError extends Error {
  override readonly name = "NewerFormatError";
}
