import { readHeader, headerError } from "./csv-header.ts";
import type { CsvHeader } from "./csv-header.ts";
import { ArrayCutter } from "./json-path.ts";
import { requireText } from "./require-text.ts";
import { SourceError } from "./source-error.ts";
import type { SourceFormat } from "./source-record.ts";
import { lookAtObject, wrappedError } from "./wrapped-records.ts";

/** How the records of a source are read; `at` is the path of their array in a JSON document. */
export type Recognition =
  | { format: "ndjson" }
  | { format: "json"; at: string | null }
  | { format: "csv"; header: CsvHeader };

/** What is known of a source before it is looked at. */
export interface Expectation {
  format: SourceFormat | "auto";
  at: string | null;
  /** Whether the text of a JSON object may be a record. An only object that may not has the records inside. */
  isRecord: (text: string) => boolean | Promise<boolean>;
}

/** What the beginning of a source is: all of it; as much as is looked at; or more can be had. */
type Extent = "whole" | "full" | "growing";

/**
 * Recognises the format of text in UTF-8 from the content, never from a name: `[` begins a JSON array, `{` NDJSON
 * or pretty-printed JSON, anything else is the header row of a CSV file. Nothing but white space is an
 * inventory without records. A format or a path that is given is not questioned, but it has to be text.
 *
 * @returns null if a growing head does not tell yet
 * @throws SourceError if it is no text, XML or HTML, if a CSV header is unclear, or if a JSON object has its records
 *   elsewhere than at the path that was given
 */
export function recognise(
  source: string,
  head: Buffer,
  extent: "whole" | "full",
  expectation: Expectation,
): Promise<Recognition>;
export function recognise(
  source: string,
  head: Buffer,
  extent: Extent,
  expectation: Expectation,
): Promise<Recognition | null>;
export async function recognise(
  source: string,
  head: Buffer,
  extent: Extent,
  { format, at, isRecord }: Expectation,
): Promise<Recognition | null> {
  if (requireText(source, head, extent === "growing") === "unclear") return null;
  if (at !== null) return recogniseDocument(source, head, at);
  if (format === "ndjson") return { format };
  if (format === "json") return { format, at };
  const text = head.toString("utf8");
  if (format === "csv") return recogniseCsv(source, text, extent);
  const content = text.trimStart();
  if (content === "") return extent === "growing" ? null : { format: "ndjson" };
  if (content.startsWith("[")) return { format: "json", at };
  if (content.startsWith("{")) return await recogniseObjects(source, content, extent, isRecord);
  if (content.startsWith("<")) throw markupError(source);
  return recogniseCsv(source, text, extent);
}

/** In most documents the path begins near the top, so that a wrong one is told before anything is begun. */
function recogniseDocument(source: string, head: Buffer, at: string): Recognition {
  new ArrayCutter(source, at).push(head).toArray();
  return { format: "json", at };
}

/** Printers break a line behind `{`, `[` and `,`; a line of NDJSON that ends there is broken JSON. */
async function recogniseObjects(
  source: string,
  content: string,
  extent: Extent,
  isRecord: Expectation["isRecord"],
): Promise<Recognition | null> {
  const end = content.indexOf("\n");
  if (end === -1 && extent === "growing") return null;
  const line = end === -1 ? content : content.slice(0, end);
  const isPrinted = end !== -1 && /[{[,]$/.test(line.trimEnd());
  const { isWhole, text, arrayPath } = lookAtObject(isPrinted ? content : line);
  const goesOn = !isWhole && (isPrinted || end === -1);
  if (goesOn && extent === "growing") return null;
  const isAlone = goesOn || (isWhole && content.slice(text.length).trim() === "");
  if (arrayPath !== null && isAlone && !(await isRecord(text))) {
    if (extent === "growing") return null;
    throw wrappedError(source, arrayPath);
  }
  return isPrinted ? { format: "json", at: null } : { format: "ndjson" };
}

function recogniseCsv(source: string, text: string, extent: Extent): Recognition | null {
  const header = readHeader(source, text, extent === "whole");
  if (header !== null) return { format: "csv", header };
  if (extent === "growing") return null;
  throw headerError(
    source,
    `it does not end within ${text.length} characters; check the line ends`,
  );
}

function markupError(source: string): SourceError {
  const problem = "XML or HTML; export the inventory as NDJSON, a JSON array or CSV";
  return new SourceError("unsupported", source, problem);
}
