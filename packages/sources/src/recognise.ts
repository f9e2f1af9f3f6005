import { readHeader, headerError } from "./csv-header.ts";
import type { CsvHeader } from "./csv-header.ts";
import { SourceError } from "./source-error.ts";
import type { SourceFormat } from "./source-record.ts";

/** How the records of a source are read. */
export type Recognition = { format: "ndjson" | "json" } | { format: "csv"; header: CsvHeader };

/** What the beginning of a source is: all of it; as much as is looked at; or more can be had. */
type Extent = "whole" | "full" | "growing";

/** No signature or byte order mark is longer. */
const SIGNATURE_BYTES_MAX = 6;
const SIGNATURES: readonly { what: string; bytes: readonly number[]; remedy: string }[] = [
  { what: "gzip", bytes: [0x1f, 0x8b], remedy: "decompress it first (gzip -d)" },
  { what: "zstd", bytes: [0x28, 0xb5, 0x2f, 0xfd], remedy: "decompress it first (zstd -d)" },
  {
    what: "xz",
    bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
    remedy: "decompress it first (xz -d)",
  },
  { what: "bzip2", bytes: [0x42, 0x5a, 0x68], remedy: "decompress it first (bzip2 -d)" },
  {
    what: "zip",
    bytes: [0x50, 0x4b, 0x03, 0x04],
    remedy: "decompress it first (unzip), or save a workbook as CSV",
  },
];

/**
 * Recognises the format from the content, never from a name: `[` begins a JSON array, `{` NDJSON or
 * pretty-printed JSON, anything else is the header row of a CSV file. Nothing but white space is an
 * inventory without records. A format that is given is not questioned, but it has to be text.
 *
 * @returns null if a growing head does not tell yet
 * @throws SourceError if it is compressed, binary, not UTF-8, XML or HTML, or a CSV header is unclear
 */
export function recognise(
  source: string,
  head: Buffer,
  extent: "whole" | "full",
  format: SourceFormat | "auto",
): Recognition;
export function recognise(
  source: string,
  head: Buffer,
  extent: Extent,
  format: SourceFormat | "auto",
): Recognition | null;
export function recognise(
  source: string,
  head: Buffer,
  extent: Extent,
  format: SourceFormat | "auto",
): Recognition | null {
  if (extent === "growing" && head.length < SIGNATURE_BYTES_MAX) return null;
  requireText(source, head);
  if (format === "ndjson" || format === "json") return { format };
  const text = head.toString("utf8", byteOrderMarkBytes(head));
  if (format === "csv") return recogniseCsv(source, text, extent);
  const content = text.trimStart();
  if (content === "") return extent === "growing" ? null : { format: "ndjson" };
  if (content.startsWith("[")) return { format: "json" };
  if (content.startsWith("{")) return recogniseObjects(content, extent);
  if (content.startsWith("<")) throw markupError(source);
  return recogniseCsv(source, text, extent);
}

/** The length of the UTF-8 byte order mark that a source begins with: 3 or 0. */
export function byteOrderMarkBytes(bytes: Buffer): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

/** Printers break a line behind `{`, `[` and `,`; a line of NDJSON that ends there is broken JSON. */
function recogniseObjects(content: string, extent: Extent): Recognition | null {
  const end = content.indexOf("\n");
  if (end === -1) return extent === "growing" ? null : { format: "ndjson" };
  const line = content.slice(0, end).trimEnd();
  return { format: /[{[,]$/.test(line) ? "json" : "ndjson" };
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

function requireText(source: string, bytes: Buffer): void {
  const signature = SIGNATURES.find((each) => each.bytes.every((byte, at) => bytes[at] === byte));
  if (signature !== undefined) {
    throw new SourceError("compressed", source, `${signature.what} data; ${signature.remedy}`);
  }
  if (isUtf16(bytes)) {
    throw new SourceError(
      "encoding",
      source,
      "UTF-16 text; convert it to UTF-8, for example with iconv",
    );
  }
  if (bytes.includes(0)) {
    throw new SourceError("binary", source, "binary data; give NDJSON, a JSON array or CSV");
  }
}

/** By its byte order mark, or by the zero in the first character, which is ASCII in all our formats. */
function isUtf16(bytes: Buffer): boolean {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return false;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  const isAscii = (byte: number): boolean => byte >= 0x09 && byte < 0x80;
  return (first === 0 && isAscii(second)) || (second === 0 && isAscii(first));
}

function markupError(source: string): SourceError {
  const problem = "XML or HTML; export the inventory as NDJSON, a JSON array or CSV";
  return new SourceError("unsupported", source, problem);
}
