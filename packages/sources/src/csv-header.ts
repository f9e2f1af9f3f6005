import { readRow } from "./csv-row.ts";
import { SourceError } from "./source-error.ts";
import { ENCODING_REMEDY } from "./source-record.ts";
import type { SourceRecord } from "./source-record.ts";

/** The first row of a CSV file: what its columns are called, and what separates them. */
export interface CsvHeader {
  names: readonly string[];
  delimiter: string;
  /** The last line of the header row, counted from 1; what follows is data. */
  line: number;
}

const DELIMITERS = [",", ";", "\t"] as const;
/** What Excel writes and reads above the header, to name the delimiter. */
const SEPARATOR_LINE = /^"?sep=([^"\r])"?\r?$/i;

/**
 * Reads the header from the beginning of a file. `isWhole` says that nothing follows `text`.
 * The delimiter is what a first line `sep=;` names, else the one of comma, semicolon and tab that the header has most
 * of outside of quotes.
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
  const named = SEPARATOR_LINE.exec(texts[first] ?? "")?.[1];
  const at = named === undefined ? first : first + 1;
  if (at >= lines.length && !isWhole) return null;
  const delimiter = named ?? recogniseDelimiter(texts[at] ?? "");
  const row = readRow(lines, at, { delimiter, lengthMax: text.length, isEnd: isWhole });
  if (row.kind === "open") return null;
  if (row.kind === "broken") {
    throw headerError(source, `it is no CSV row, for ${row.message}; correct it`);
  }
  const names = row.values.map((name) => name.trim());
  checkNames(source, names);
  return { names, delimiter, line: at + row.lines };
}

/** The one that is there most often; of two that are there equally often, the first of the list. */
function recogniseDelimiter(headerLine: string): string {
  const unquoted = headerLine.replaceAll(/"[^"]*"?/g, "");
  const count = (delimiter: string): number => unquoted.split(delimiter).length;
  return DELIMITERS.reduce((best, each) => (count(each) > count(best) ? each : best));
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
      throw new SourceError("encoding", source, `the header row is not UTF-8; ${ENCODING_REMEDY}`);
    }
    seen.add(name);
  }
}

/** @param detail what is wrong with the header row and what to do */
export function headerError(source: string, detail: string): SourceError {
  return new SourceError("header", source, `header row: ${detail}`);
}
