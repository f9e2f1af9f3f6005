import { readRow } from "./csv-row.ts";
import { SourceError } from "./source-error.ts";
import type { SourceRecord } from "./source-record.ts";

/** The first row of a CSV file: what its columns are called, and what separates them. */
export interface CsvHeader {
  names: readonly string[];
  delimiter: string;
  /** The last line of the header row, counted from 1; what follows is data. */
  line: number;
}

/**
 * Reads the header from the beginning of a file. `isWhole` says that nothing follows `text`.
 * The delimiter is the comma if the header has one outside of quotes, else the semicolon, else the tab.
 *
 * @returns null if the row may go on behind `text`
 * @throws SourceError if a name is empty or there twice, or if a quote is out of place
 */
export function readHeader(source: string, text: string, isWhole: boolean): CsvHeader | null {
  const texts = text.split("\n");
  if (!isWhole) texts.pop();
  const lines = texts.map((each, index): SourceRecord => ({
    kind: "record",
    text: each,
    line: index + 1,
  }));
  const first = lines.findIndex((line) => line.text.trim() !== "");
  if (first === -1) return isWhole ? { names: [], delimiter: ",", line: lines.length } : null;
  const delimiter = recogniseDelimiter(texts[first] ?? "");
  const row = readRow(lines, first, { delimiter, lengthMax: text.length, isEnd: isWhole });
  if (row.kind === "open") return null;
  if (row.kind === "broken") {
    throw headerError(source, `it is no CSV row, for ${row.message}; correct it`);
  }
  const names = row.values.map((name) => name.trim());
  checkNames(source, names);
  return { names, delimiter, line: first + row.lines };
}

function recogniseDelimiter(headerLine: string): string {
  const unquoted = headerLine.replaceAll(/"[^"]*"?/g, "");
  return [",", ";", "\t"].find((delimiter) => unquoted.includes(delimiter)) ?? ",";
}

function checkNames(source: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (name === "") throw headerError(source, `column ${index + 1} has no name; give it one`);
    if (seen.has(name)) {
      throw headerError(
        source,
        `the name ${JSON.stringify(name)} is there twice; rename one column`,
      );
    }
    if (name.includes("\r")) {
      throw headerError(
        source,
        "its lines end with CR only; save the file with LF or CRLF line ends",
      );
    }
    if (name.includes("\uFFFD")) {
      throw new SourceError(
        "encoding",
        source,
        "the header row is not UTF-8; convert the file to UTF-8",
      );
    }
    seen.add(name);
  }
}

/** @param detail what is wrong with the header row and what to do */
export function headerError(source: string, detail: string): SourceError {
  return new SourceError("header", source, `header row: ${detail}`);
}
