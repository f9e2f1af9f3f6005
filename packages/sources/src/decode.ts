import { TextDecoder } from "node:util";
import { fuseHead } from "./fuse-head.ts";
import { SourceError } from "./source-error.ts";

/** Enough for every byte order mark, and for two characters of UTF-16. */
const HEAD_BYTES = 4;

/** Byte order marks, which go before any encoding that was named, as the WHATWG Encoding Standard has it. */
const BYTE_ORDER_MARKS: readonly { encoding: string; bytes: readonly number[] }[] = [
  { encoding: "utf-8", bytes: [0xef, 0xbb, 0xbf] },
  { encoding: "utf-16le", bytes: [0xff, 0xfe] },
  { encoding: "utf-16be", bytes: [0xfe, 0xff] },
];

/**
 * Text in UTF-8, without byte order mark. What is UTF-16 its first bytes tell: by a mark, or by zeros beside
 * two ASCII characters, as text has no zeros. `encoding` says what any other text is; UTF-8 passes through, for each
 * reader judges it where it stands.
 *
 * @param encoding a label of the WHATWG Encoding Standard, such as `windows-1252`
 * @throws SourceError where the bytes are none of that encoding, behind what was read before (`encoding`)
 */
export async function* decode(
  source: string,
  chunks: AsyncIterable<Buffer>,
  encoding: string,
): AsyncGenerator<Buffer> {
  let decoder: TextDecoder | null | undefined;
  for await (const chunk of fuseHead(chunks, HEAD_BYTES)) {
    if (decoder === undefined) {
      const mark = markOf(chunk);
      const name = mark?.encoding ?? utf16Of(chunk) ?? encoding;
      decoder = createDecoder(source, name);
      if (decoder.encoding === "utf-8") decoder = null;
      yield decodeChunk(source, chunk.subarray(mark?.bytes.length ?? 0), decoder);
    } else {
      yield decodeChunk(source, chunk, decoder);
    }
  }
  if (decoder) yield decodeChunk(source, null, decoder);
}

/** @throws SourceError for a label that no decoder has (`encoding`) */
export function createDecoder(source: string, encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch (cause) {
    const problem = `there is no encoding ${JSON.stringify(encoding)}; use windows-1252 or utf-16le, for example`;
    throw new SourceError("encoding", source, problem, { cause });
  }
}

function decodeChunk(source: string, chunk: Buffer | null, decoder: TextDecoder | null): Buffer {
  if (decoder === null) return chunk ?? Buffer.alloc(0);
  try {
    return Buffer.from(decoder.decode(chunk ?? undefined, { stream: chunk !== null }));
  } catch (cause) {
    const problem = `its bytes are not all ${decoder.encoding}; save it anew, or name another encoding`;
    throw new SourceError("encoding", source, problem, { cause });
  }
}

function markOf(head: Buffer) {
  return BYTE_ORDER_MARKS.find(({ bytes }) => bytes.every((byte, at) => head[at] === byte));
}

function utf16Of(head: Buffer): string | null {
  const [a = 0, b = 0, c = 0, d = 0] = head;
  if (isAscii(a) && b === 0 && isAscii(c) && d === 0) return "utf-16le";
  if (a === 0 && isAscii(b) && c === 0 && isAscii(d)) return "utf-16be";
  return null;
}

function isAscii(byte: number): boolean {
  return byte >= 0x09 && byte < 0x80;
}
