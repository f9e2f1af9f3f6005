import { SourceError } from "./source-error.ts";

/** A tar header is that long, and no other signature lies further behind. */
const BINARY_HEAD_BYTES = 512;
const TAR_MAGIC_AT = 257;

const EXPORT = "export its rows as CSV or JSON";
const SIGNATURES: readonly { begins: string; what: string; remedy: string }[] = [
  { begins: "\u001F\u008B", what: "compressed twice", remedy: "decompress it once (gzip -d)" },
  {
    begins: "\u0028\u00B5\u002F\u00FD",
    what: "compressed twice",
    remedy: "decompress it once (zstd -d)",
  },
  { begins: "\u00FD7zXZ\0", what: "xz data", remedy: "decompress it (xz -d), or use gzip or zstd" },
  {
    begins: "\u0004\u0022M\u0018",
    what: "lz4 data",
    remedy: "decompress it (lz4 -d), or use gzip or zstd",
  },
  { begins: "BZh", what: "bzip2 data", remedy: "decompress it (bzip2 -d), or use gzip or zstd" },
  {
    begins: "7z\u00BC\u00AF",
    what: "a 7z archive",
    remedy: "extract it (7z x) and name its files",
  },
  {
    begins: "Rar!\u001A",
    what: "a rar archive",
    remedy: "extract it (unrar x) and name its files",
  },
  {
    begins: "\u00D0\u00CF\u0011\u00E0",
    what: "an Excel workbook (.xls)",
    remedy: "save it as CSV",
  },
  { begins: "PAR1", what: "Parquet data", remedy: EXPORT },
  { begins: "SQLite format 3\0", what: "an SQLite database", remedy: EXPORT },
  { begins: "%PDF-", what: "a PDF document", remedy: EXPORT },
];
/** The names of what lies in an Office file, which is a zip archive too. */
const OFFICE = /\[Content_Types\]\.xml|_rels\/|docProps\/|xl\/|mimetypeapplication\/vnd\.oasis/;

/**
 * Refuses data that is no text by what it is, with the remedy. `unclear` is a growing head that is no text, and of
 * which more has to be seen to say what it is.
 *
 * @throws SourceError for archives, workbooks and the like (`unsupported`), and for other binary data (`binary`)
 */
export function requireText(source: string, bytes: Buffer, isGrowing: boolean): "text" | "unclear" {
  const head = bytes.toString("latin1", 0, BINARY_HEAD_BYTES);
  const signature = SIGNATURES.find(({ begins }) => head.startsWith(begins));
  const isZip = /^PK[^ -~]/.test(head);
  if (signature === undefined && !isZip && !bytes.includes(0)) return "text";
  if (isGrowing && bytes.length < BINARY_HEAD_BYTES) return "unclear";
  if (signature !== undefined) throw unsupported(source, signature.what, signature.remedy);
  if (isZip && OFFICE.test(head)) {
    throw unsupported(source, "an Office file (.xlsx, .ods)", "save the sheet as CSV");
  }
  if (isZip) throw unsupported(source, "a zip archive", "extract it (unzip) and name its files");
  if (head.startsWith("ustar", TAR_MAGIC_AT)) {
    throw unsupported(source, "a tar archive", "extract it (tar -xf) and name its files");
  }
  throw new SourceError("binary", source, "binary data; give NDJSON, JSON or CSV");
}

function unsupported(source: string, what: string, remedy: string): SourceError {
  return new SourceError("unsupported", source, `${what}; ${remedy}`);
}
