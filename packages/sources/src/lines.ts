import { isUtf8 } from "node:buffer";
import { PartialRecord } from "./partial-record.ts";
import { malformed, notUtf8Message, tooLongMessage } from "./source-record.ts";
import type { SourceRecord } from "./source-record.ts";

const NEWLINE = 0x0a;

/**
 * Cuts bytes into lines, blank ones included. Their texts end before the line feed and keep a carriage
 * return. A line above `lineBytesMax` or not in UTF-8 is malformed, and only that line. A slice holds
 * the lines that one chunk completes; what follows the last line feed is a line unless it is empty.
 */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  lineBytesMax: number,
): AsyncGenerator<SourceRecord[]> {
  const partial = new PartialRecord(lineBytesMax);
  let line = 1;
  for await (const chunk of chunks) {
    const firstEnd = chunk.indexOf(NEWLINE);
    if (firstEnd === -1) {
      partial.append(chunk);
      continue;
    }
    partial.append(chunk.subarray(0, firstEnd));
    const lines = [readLine(partial.take(), line, lineBytesMax)];
    const lastEnd = chunk.lastIndexOf(NEWLINE);
    if (lastEnd > firstEnd) {
      const whole = splitLines(chunk.subarray(firstEnd + 1, lastEnd), line + 1, lineBytesMax);
      for (const each of whole) lines.push(each);
    }
    partial.append(chunk.subarray(lastEnd + 1));
    line += lines.length;
    yield lines;
  }
  const rest = partial.take();
  if (rest.length > 0) yield [readLine(rest, line, lineBytesMax)];
}

/** NDJSON: every line that is not blank is one record, without the white space around it. */
export async function* readNdjson(
  chunks: AsyncIterable<Buffer>,
  recordBytesMax: number,
): AsyncGenerator<SourceRecord[]> {
  for await (const lines of readLines(chunks, recordBytesMax)) {
    const records: SourceRecord[] = [];
    for (const each of lines) {
      const text = each.text.trim();
      if (text !== "") records.push({ ...each, text });
    }
    if (records.length > 0) yield records;
  }
}

function splitLines(block: Buffer, lineFirst: number, lineBytesMax: number): SourceRecord[] {
  // Decoding a block at once and splitting the string is several times faster than line by line.
  if (block.length <= lineBytesMax && isUtf8(block)) {
    const texts = block.toString("utf8").split("\n");
    return texts.map((text, index) => ({ kind: "record", text, line: lineFirst + index }));
  }
  const lines: SourceRecord[] = [];
  for (let start = 0; start <= block.length;) {
    const end = block.indexOf(NEWLINE, start);
    const stop = end === -1 ? block.length : end;
    lines.push(readLine(block.subarray(start, stop), lineFirst + lines.length, lineBytesMax));
    start = stop + 1;
  }
  return lines;
}

function readLine(bytes: Buffer, line: number, lineBytesMax: number): SourceRecord {
  if (bytes.length > lineBytesMax) return malformed(bytes, line, tooLongMessage(lineBytesMax));
  if (!isUtf8(bytes)) return malformed(bytes, line, notUtf8Message);
  return { kind: "record", text: bytes.toString("utf8"), line };
}
