import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { FORMAT_VERSION, NewerFormatError } from "./format.ts";

/** Higher levels gain under a tenth on inventories, for twice the time. */
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** A chunk, a segment or a batch may not grow beyond this when it is unpacked. */
const UNPACKED_BYTES_MAX = 256 * 1024 * 1024;

const LINE_END = 0x0a;

/**
 * A format byte, then zstd. In one go: a value is a few hundred KB, and the asynchronous way costs more in
 * contexts and garbage than it frees of the event loop.
 */
export function pack(content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(FORMAT_VERSION), zstdCompressSync(content, ZSTD)]);
}

/** The reverse of {@link pack}. Throws a {@link NewerFormatError} on a newer format. */
export function unpack(packed: Buffer): Buffer {
  const format = packed[0] ?? 0;
  if (format > FORMAT_VERSION) throw new NewerFormatError(format);
  return zstdDecompressSync(packed.subarray(1), { maxOutputLength: UNPACKED_BYTES_MAX });
}

/** The same as {@link packLines}, of texts. */
export function packTexts(lines: readonly string[]): Buffer {
  return pack(Buffer.from(lines.join("\n")));
}

/** Assets, one a line. JSON texts have no line ends of their own. */
export function packLines(lines: readonly Buffer[]): Buffer {
  const end = Buffer.of(LINE_END);
  return pack(Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [end, line]))));
}

/** The reverse of {@link packLines}: views, nothing is copied or decoded. */
export function unpackLines(packed: Buffer): Buffer[] {
  const content = unpack(packed);
  const lines: Buffer[] = [];
  for (let from = 0; from <= content.length;) {
    const end = content.indexOf(LINE_END, from);
    const to = end < 0 ? content.length : end;
    lines.push(content.subarray(from, to));
    from = to + 1;
  }
  return lines;
}
