import { CsvError, parse } from "csv-parse/sync";
import type { CsvErrorCode } from "csv-parse/sync";
import type { SourceRecord } from "./source-record.ts";

/** What the lines from one on make: a row, the beginning of a row that needs more lines, or no row. */
export type CsvRow =
  | { kind: "row"; values: string[]; /** The lines it took. */ lines: number }
  | { kind: "open" }
  | { kind: "broken"; message: string };

/** How rows are read. */
export interface RowOptions {
  delimiter: string;
  /** A row whose quote is still open at this length is broken. In UTF-16 code units. */
  lengthMax: number;
  /** Whether nothing follows the lines, so that a quote left open stays open. */
  isEnd: boolean;
}

/**
 * Reads the row that begins with `lines[index]` by RFC 4180, strictly: nothing is repaired, for a guess
 * at what a quote was meant to be could join rows. A row goes on over lines while its quotes are
 * unbalanced; a quoted value keeps the line ends in it as they are.
 */
export function readRow(
  lines: readonly SourceRecord[],
  index: number,
  options: RowOptions,
): CsvRow {
  let text = lines[index]?.text ?? "";
  let end = index + 1;
  for (let isOpen = hasOddQuotes(text); isOpen && text.length <= options.lengthMax; end += 1) {
    const line = lines[end];
    if (line === undefined && !options.isEnd) return { kind: "open" };
    if (line?.kind !== "record") break;
    text += `\n${line.text}`;
    isOpen = !hasOddQuotes(line.text);
  }
  return parseRow(text, options.delimiter, end - index);
}

function hasOddQuotes(text: string): boolean {
  let isOdd = false;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) isOdd = !isOdd;
  return isOdd;
}

/** In our words, for the parser's own count lines from the beginning of the row. */
const faults: Partial<Record<CsvErrorCode, string>> = {
  CSV_INVALID_CLOSING_QUOTE: "text follows a closing quote",
  CSV_QUOTE_NOT_CLOSED: "a quote is never closed",
  INVALID_OPENING_QUOTE: "a quote stands in a value that has none around it",
};

/** Without a quote, a row is its values with delimiters between them, and splitting is all it takes. */
function parseRow(text: string, delimiter: string, lines: number): CsvRow {
  const row = text.endsWith("\r") ? text.slice(0, -1) : text;
  if (!row.includes('"')) return { kind: "row", values: row.split(delimiter), lines };
  // The parser takes a NUL behind a closing quote for the end of its input and reads on past it.
  if (row.includes('"\0')) return { kind: "broken", message: "a NUL character follows a quote" };
  try {
    // A line feed outside of quotes is never reached, so that there is one row or an error.
    const [values = []] = parse(row, { delimiter, record_delimiter: "\n" });
    return { kind: "row", values, lines };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { kind: "broken", message: faults[error.code] ?? error.message };
  }
}
