import type { ChunkContent, ChunkRecord } from "@sluice/inventory";
import { pack, unpack } from "./packing.ts";

interface ChunkHeader {
  source: string;
  lines: readonly number[];
  /** Of records that come from elsewhere than the chunk says. */
  sources?: Record<string, string>;
  problems?: Record<string, string>;
  versions?: Record<string, number>;
  /** Indices of the texts that hold line ends, and are quoted as JSON. */
  quoted?: readonly number[];
}

/**
 * Packs a chunk: a format byte, then zstd of a header line and one line a record. Records are not parsed;
 * a text that holds line ends is quoted as JSON.
 */
export function packChunk(chunk: ChunkContent): Buffer {
  const sources: Record<string, string> = {};
  const problems: Record<string, string> = {};
  const versions: Record<string, number> = {};
  const quoted: number[] = [];
  const lines = chunk.records.map((record, index) => {
    if (record.source !== undefined) sources[index] = record.source;
    if (record.version !== undefined) versions[index] = record.version;
    if (record.problem !== undefined) problems[index] = record.problem;
    if (!record.text.includes("\n")) return record.text;
    quoted.push(index);
    return JSON.stringify(record.text);
  });
  const header: ChunkHeader = {
    source: chunk.source,
    lines: chunk.records.map((record) => record.line),
    ...(Object.keys(sources).length > 0 && { sources }),
    ...(Object.keys(problems).length > 0 && { problems }),
    ...(Object.keys(versions).length > 0 && { versions }),
    ...(quoted.length > 0 && { quoted }),
  };
  return pack(Buffer.from([JSON.stringify(header), ...lines].join("\n")));
}

/** The reverse of {@link packChunk}. */
export function unpackChunk(packed: Buffer): ChunkContent {
  const [head = "{}", ...lines] = unpack(packed).toString("utf8").split("\n");
  const header = JSON.parse(head) as ChunkHeader;
  const records = lines.map((text, index): ChunkRecord => {
    const source = header.sources?.[index];
    const problem = header.problems?.[index];
    const version = header.versions?.[index];
    return {
      text: header.quoted?.includes(index) ? (JSON.parse(text) as string) : text,
      line: header.lines[index] ?? 0,
      ...(source !== undefined && { source }),
      ...(problem !== undefined && { problem }),
      ...(version !== undefined && { version }),
    };
  });
  return { source: header.source, records };
}
