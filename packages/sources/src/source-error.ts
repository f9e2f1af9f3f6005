/**
 * What keeps a source from being read:
 * `not-found`, `no-match` (a pattern without files), `too-many` (a pattern with too many), `directory`,
 * `permission`, `unreadable` (any other failure of the file system), `unsupported` (XML or HTML, an archive, a
 * workbook), `binary`, `encoding` (bytes that are not of the encoding), `header` (a CSV header that names no columns
 * clearly), `wrapped` (a JSON object with the records inside), `path` (no array at the path), `corrupt` (broken or
 * cut off compressed data), `changed` (a file that shrank), `syntax` (a JSON document broken in the middle).
 */
export type SourceErrorCode =
  | "not-found"
  | "no-match"
  | "too-many"
  | "directory"
  | "permission"
  | "unreadable"
  | "binary"
  | "encoding"
  | "unsupported"
  | "header"
  | "wrapped"
  | "path"
  | "corrupt"
  | "changed"
  | "syntax";

/**
 * A source as a whole cannot be read, or not to its end. `syntax`, `corrupt`, `changed`, and `path`, `encoding` and
 * `unreadable` where that shows only under way, come after the records before; the others before a record of any source.
 */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly code: SourceErrorCode;
  /** The path as it was given, the pattern, or `-`. */
  readonly source: string;
  /** What is wrong and what to do about it: `no such file; check the path`. */
  readonly problem: string;

  constructor(code: SourceErrorCode, source: string, problem: string, options?: ErrorOptions) {
    super(`Cannot read ${JSON.stringify(source)}: ${problem}`, options);
    this.code = code;
    this.source = source;
    this.problem = problem;
  }
}

/** Says in a `SourceError` what the file system answered; anything else comes back as it is. */
export function fileSystemError(cause: unknown, source: string): unknown {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) return cause;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new SourceError("not-found", source, "no such file; check the path", { cause });
    case "EISDIR":
      return directoryError(source, { cause });
    case "EACCES":
    case "EPERM":
      return new SourceError(
        "permission",
        source,
        "permission denied; make it readable for the user who runs this",
        { cause },
      );
    default:
      return new SourceError(
        "unreadable",
        source,
        `the file system answered ${code}; check the disk or the path`,
        { cause },
      );
  }
}

/** A path that was named explicitly and is a directory. */
export function directoryError(source: string, options?: ErrorOptions): SourceError {
  const problem = 'a directory; name its files, for example "DIR/*.json"';
  return new SourceError("directory", source, problem, options);
}
