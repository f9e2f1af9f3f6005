import type { CsvHeader } from "./csv-header.ts";
import { readRow } from "./csv-row.ts";
import { readLines } from "./lines.ts";
import { exceedsBytes, malformed, tooLongMessage } from "./source-record.ts";
import type { SourceRecord } from "./source-record.ts";

/**
 * Reads the rows under the header as JSON objects of strings. An empty value is left out, a row with
 * no value at all is a blank line. Where a row is broken, only its first line is malformed and reading
 * goes on with the next line, so that a stray quote cannot swallow the rows behind it.
 */
export async function* readCsv(
  chunks: AsyncIterable<Buffer>,
  header: CsvHeader,
  recordBytesMax: number,
): AsyncGenerator<SourceRecord[]> {
  const rows = new CsvRows(header, recordBytesMax);
  for await (const lines of readLines(chunks, recordBytesMax)) {
    const records = rows.push(lines);
    if (records.length > 0) yield records;
  }
  const records = rows.end();
  if (records.length > 0) yield records;
}

/** Holds the lines of a row whose quote is still open: less than one chunk and `recordBytesMax`. */
class CsvRows {
  readonly #header: CsvHeader;
  readonly #keys: readonly string[];
  readonly #recordBytesMax: number;
  #lines: readonly SourceRecord[] = [];

  constructor(header: CsvHeader, recordBytesMax: number) {
    this.#header = header;
    this.#keys = header.names.map((name) => `${JSON.stringify(name)}:`);
    this.#recordBytesMax = recordBytesMax;
  }

  push(lines: readonly SourceRecord[]): SourceRecord[] {
    this.#lines = this.#lines.length === 0 ? lines : [...this.#lines, ...lines];
    return this.#read(false);
  }

  end(): SourceRecord[] {
    return this.#read(true);
  }

  #read(isEnd: boolean): SourceRecord[] {
    const records: SourceRecord[] = [];
    let index = 0;
    for (let line = this.#lines[0]; line !== undefined; line = this.#lines[index]) {
      const taken =
        line.line <= this.#header.line ? 1 : this.#readRecord(line, index, isEnd, records);
      if (taken === 0) break;
      index += taken;
    }
    this.#lines = this.#lines.slice(index);
    return records;
  }

  /** Adds the record that begins with this line. Returns the lines it took: 0 if more are needed. */
  #readRecord(line: SourceRecord, index: number, isEnd: boolean, records: SourceRecord[]): number {
    if (line.kind === "malformed") {
      records.push(line);
      return 1;
    }
    const row = readRow(this.#lines, index, {
      delimiter: this.#header.delimiter,
      lengthMax: this.#recordBytesMax,
      isEnd,
    });
    if (row.kind === "open") return 0;
    if (row.kind === "broken") {
      records.push(malformed(line.text, line.line, `Row is broken: ${row.message}`));
      return 1;
    }
    const record = this.#record(line, row.values);
    if (record !== null) records.push(record);
    return row.lines;
  }

  #record(line: SourceRecord, values: readonly string[]): SourceRecord | null {
    if (values.every((value) => value.trim() === "")) return null;
    if (values.length !== this.#keys.length) {
      const counts = `${values.length} values, the header names ${this.#keys.length}`;
      return malformed(line.text, line.line, `Row has ${counts}: check its delimiters and quotes`);
    }
    const fields: string[] = [];
    for (const [column, value] of values.entries()) {
      if (value !== "") fields.push(`${this.#keys[column] ?? ""}${JSON.stringify(value)}`);
    }
    const text = `{${fields.join(",")}}`;
    if (exceedsBytes(text, this.#recordBytesMax)) {
      return malformed(line.text, line.line, tooLongMessage(this.#recordBytesMax));
    }
    return { kind: "record", text, line: line.line };
  }
}
