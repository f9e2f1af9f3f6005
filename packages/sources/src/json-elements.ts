import { isUtf8 } from "node:buffer";
import { PartialRecord } from "./partial-record.ts";
import { SourceError } from "./source-error.ts";
import { malformed, notUtf8Message, tooLongMessage } from "./source-record.ts";
import type { SourceRecord } from "./source-record.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BRACKET_OPEN = 0x5b;
const BACKSLASH = 0x5c;
const BRACKET_CLOSE = 0x5d;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;

/**
 * Reads a JSON document as a stream: each element of an array, or each of the objects that follow one
 * another (one pretty-printed object is one record). A syntax error makes all that follows unreliable,
 * so the elements before it are handed out and then a `SourceError` with the code `syntax` is thrown.
 * An element above `recordBytesMax` or not in UTF-8 is malformed, and only that element.
 */
export async function* readJson(
  chunks: AsyncIterable<Buffer>,
  source: string,
  recordBytesMax: number,
): AsyncGenerator<SourceRecord[]> {
  const elements = new JsonElements(source, recordBytesMax);
  for await (const chunk of chunks) yield* slice((records) => elements.push(chunk, records));
  elements.end();
}

/** What was read before an error is handed out first, then the error goes on. */
function* slice(read: (records: SourceRecord[]) => void): Generator<SourceRecord[]> {
  const records: SourceRecord[] = [];
  try {
    read(records);
  } finally {
    if (records.length > 0) yield records;
  }
}

/**
 * Finds where elements end by following strings and brackets only; `JSON.parse` then judges each element
 * by itself. So an element of any size passes without being held, and no number loses digits.
 *
 * `#depth` counts the open brackets. The elements of an array end at a comma in depth 1 and at the bracket
 * that leads to depth 0, and then nothing may follow (`#isClosed`); objects that follow one another end
 * at the brace that leads to depth 0. Which of the two it is, the first bracket says (`#isArray`).
 */
class JsonElements {
  readonly #source: string;
  readonly #recordBytesMax: number;
  readonly #element: PartialRecord;
  #isArray: boolean | null = null;
  #isClosed = false;
  #isInString = false;
  #isEscaped = false;
  #depth = 0;
  #elements = 0;
  #line = 1;

  constructor(source: string, recordBytesMax: number) {
    this.#source = source;
    this.#recordBytesMax = recordBytesMax;
    this.#element = new PartialRecord(recordBytesMax);
  }

  /** Adds the elements that end in this chunk to `records`. */
  push(chunk: Buffer, records: SourceRecord[]): void {
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (this.#isInString) {
        at = this.#skipString(chunk, at);
      } else if (byte === QUOTE) {
        this.#isInString = true;
      } else if (byte === NEWLINE) {
        this.#line += 1;
      } else if (byte === BRACE_OPEN || byte === BRACKET_OPEN) {
        this.#depth += 1;
        if (this.#isArray === null) {
          this.#begin(byte, chunk.subarray(start, at));
          start = this.#isArray ? at + 1 : at;
        }
      } else if (byte === COMMA) {
        if (this.#isArray !== true || this.#depth !== 1) continue;
        this.#element.append(chunk.subarray(start, at));
        start = at + 1;
        this.#complete(records);
      } else if (byte === BRACE_CLOSE || byte === BRACKET_CLOSE) {
        this.#depth -= 1;
        if (this.#depth > 0) continue;
        this.#element.append(chunk.subarray(start, this.#isArray === true ? at : at + 1));
        start = at + 1;
        this.#close(byte, records);
      }
    }
    this.#element.append(chunk.subarray(start));
    if (this.#isClosed) this.#requireBlank("text follows the end of the array");
  }

  /** @throws SourceError if the document is not complete */
  end(): void {
    if (this.#isArray === true && !this.#isClosed) {
      throw this.#syntaxError("the document ends before the array does");
    }
    this.#requireBlank("the document ends in the middle of it");
  }

  #begin(byte: number, before: Buffer): void {
    this.#element.append(before);
    this.#requireBlank("text stands before the first bracket");
    this.#isArray = byte === BRACKET_OPEN;
  }

  #close(byte: number, records: SourceRecord[]): void {
    if (this.#isArray !== true) {
      this.#complete(records);
      return;
    }
    if (this.#isClosed || byte !== BRACKET_CLOSE) throw this.#syntaxError("a bracket too many");
    this.#isClosed = true;
    const isEmptyArray = this.#elements === 0 && this.#element.isBlank();
    if (!isEmptyArray) this.#complete(records);
  }

  /** Returns the place of the closing quote, or of the last byte if the string goes on behind it. */
  #skipString(chunk: Buffer, start: number): number {
    let isEscaped = this.#isEscaped;
    for (let at = start; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (byte < SPACE) throw this.#syntaxError("a string is not closed on its line");
      if (isEscaped) {
        isEscaped = false;
      } else if (byte === BACKSLASH) {
        isEscaped = true;
      } else if (byte === QUOTE) {
        this.#isInString = false;
        this.#isEscaped = false;
        return at;
      }
    }
    this.#isEscaped = isEscaped;
    return chunk.length - 1;
  }

  #complete(records: SourceRecord[]): void {
    const bytes = this.#element.take();
    const number = this.#elements + 1;
    if (bytes.length > this.#recordBytesMax) {
      records.push(malformed(bytes, number, tooLongMessage(this.#recordBytesMax)));
    } else if (!isUtf8(bytes)) {
      records.push(malformed(bytes, number, notUtf8Message));
    } else {
      records.push({ kind: "record", text: this.#oneLine(bytes.toString("utf8")), line: number });
    }
    this.#elements = number;
  }

  /** The same JSON on one line: inside of strings JSON has no line ends, so taking them out changes nothing. */
  #oneLine(text: string): string {
    try {
      JSON.parse(text);
    } catch (cause) {
      throw this.#syntaxError(cause instanceof Error ? cause.message : "not JSON", cause);
    }
    return text.trim().replaceAll(/[\r\n]\s*/g, "");
  }

  /** Between elements only white space may stand, as much of it as there is. */
  #requireBlank(problem: string): void {
    if (!this.#element.isBlank()) throw this.#syntaxError(problem);
    this.#element.take();
  }

  #syntaxError(detail: string, cause?: unknown): SourceError {
    const place = `element ${this.#elements + 1}, near line ${this.#line}`;
    const problem = `the JSON is broken in ${place} (${detail}); correct it and try again`;
    return new SourceError("syntax", this.#source, problem, { cause });
  }
}
