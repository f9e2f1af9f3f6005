/** How records lie in a source: one JSON text a line; one JSON document; rows under a header. */
export type SourceFormat = "ndjson" | "json" | "csv";

/**
 * One record of a source, or the place where one should have been.
 *
 * The `text` of a `record` is meant to be the JSON text of one raw asset, on one line. For NDJSON that
 * is not checked here: the worker parses it and reports it with its place. `line` counts from 1: the
 * (first) line in the file for NDJSON and CSV, the number of the element for a JSON document.
 *
 * The `text` of a `malformed` one is its beginning, at most 4 KiB in UTF-8; `message` says what is wrong.
 */
export type SourceRecord =
  | { kind: "record"; text: string; line: number }
  | { kind: "malformed"; text: string; line: number; message: string };

const EXCERPT_BYTES_MAX = 4096;
const encoder = new TextEncoder();
const excerptBytes = new Uint8Array(EXCERPT_BYTES_MAX);

/** A record that cannot be handed on. `content` may be of any length and need not be UTF-8. */
export function malformed(content: Buffer | string, line: number, message: string): SourceRecord {
  const text = typeof content === "string" ? content : decodeBeginning(content);
  const { read } = encoder.encodeInto(text, excerptBytes);
  return { kind: "malformed", text: text.slice(0, read), line, message };
}

/** In stream mode the decoder leaves out a character that the cut has gone through. */
function decodeBeginning(bytes: Buffer): string {
  const stream = bytes.length > EXCERPT_BYTES_MAX;
  return new TextDecoder().decode(bytes.subarray(0, EXCERPT_BYTES_MAX), { stream });
}

/** Whether a text has more bytes in UTF-8 than allowed; counts them only where the length leaves doubt. */
export function exceedsBytes(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return true;
  return text.length * 3 > bytesMax && Buffer.byteLength(text) > bytesMax;
}

/** Why a record above the bound is malformed. */
export function tooLongMessage(bytesMax: number): string {
  return `Record is longer than ${bytesMax} bytes: split it, or check for a missing line end`;
}

/** What to do about bytes that are not UTF-8. */
export const ENCODING_REMEDY =
  "convert it to UTF-8, or name its encoding (--encoding windows-1252 for Excel's plain CSV)";

/** Why a record with bytes that are no characters is malformed. */
export const notUtf8Message = `Record is not UTF-8: ${ENCODING_REMEDY}`;
