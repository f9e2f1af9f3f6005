import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { addAbortSignal } from "node:stream";
import type { Readable } from "node:stream";
import { readCsv } from "./csv.ts";
import { createDecoder, decode } from "./decode.ts";
import { decompress } from "./decompress.ts";
import { findPaths } from "./find-paths.ts";
import { readJson } from "./json-elements.ts";
import { cutArray } from "./json-path.ts";
import { readNdjson } from "./lines.ts";
import { recognise } from "./recognise.ts";
import type { Recognition } from "./recognise.ts";
import { SourceError, directoryError, fileSystemError } from "./source-error.ts";
import type { SourceFormat, SourceRecord } from "./source-record.ts";

/** How much of a source is read at once, and looked at to recognise it. */
const CHUNK_BYTES = 64 * 1024;
const RECORD_BYTES_MAX_DEFAULT = 1024 * 1024;
const STANDARD_INPUT = "-";

/** A source that was checked and recognised, and of which no record was handed out yet. */
export interface SourceFile {
  /** The path as it was given or found, or `-` for standard input. */
  source: string;
  /** Its size, compressed if it is; null where that is not known before the end (standard input, a pipe). */
  bytes: number | null;
  /** When it was last changed; null where that is not known. */
  modifiedAtMs: number | null;
  format: SourceFormat;
  /**
   * The records in order, in slices of what one read of 64 KiB completes. A file can be read again and
   * again, standard input and pipes once. Whatever was opened is closed at the end, after an error, and
   * when the consumer stops. Rejects with an `AbortError` (or the signal's reason) once `signal` aborts.
   *
   * @throws SourceError if it breaks under way: `syntax`, `path`, `corrupt`, `encoding`, `changed`, `unreadable`
   */
  records(signal?: AbortSignal): AsyncIterable<readonly SourceRecord[]>;
}

export interface OpenOptions {
  /** @default "auto": each source's format is recognised from its content */
  format?: SourceFormat | "auto";
  /**
   * Where the array of records is in each JSON document: `data.hosts`, or a JSON Pointer.
   * @default undefined: the document itself is the array, or its objects are the records
   */
  at?: string;
  /**
   * What text is that says nothing of it (UTF-8 and UTF-16 with a byte order mark do): a label of the WHATWG
   * Encoding Standard, such as `windows-1252`. @default "utf-8"
   */
  encoding?: string;
  /**
   * Whether the text of a JSON object can be a record. A source that is one object which cannot, with an array of
   * objects inside, is refused with that array's path. @default every object can
   */
  isRecord?: (text: string) => boolean | Promise<boolean>;
  /** What `-` reads. @default process.stdin */
  stdin?: Readable;
  /** The bytes a record may have; a longer one is malformed. @default 1048576 */
  recordBytesMax?: number;
  /** Ends waiting for standard input or a pipe to say what they are. */
  signal?: AbortSignal;
}

/**
 * Finds, checks and recognises all sources that paths, glob patterns and `-` mean, so that an error
 * comes before the first record of any of them. Standard input is the last of them: it is read once only,
 * and nothing else may fail after that. A source without content has no records.
 *
 * @throws SourceError for the first source that cannot be read
 */
export async function openSources(
  patterns: readonly string[],
  options: OpenOptions = {},
): Promise<readonly SourceFile[]> {
  checkOptions(patterns, options);
  const sources: SourceFile[] = [];
  const paths = await findPaths(patterns);
  for (const path of paths) {
    if (path !== STANDARD_INPUT) sources.push(await openPath(path, options));
  }
  if (paths.includes(STANDARD_INPUT)) {
    sources.push(await openStream(STANDARD_INPUT, options.stdin ?? process.stdin, options));
  }
  return sources;
}

function checkOptions([source = ""]: readonly string[], options: OpenOptions): void {
  const { format = "auto", at, encoding } = options;
  if (at !== undefined && format !== "auto" && format !== "json") {
    throw new SourceError("path", source, `${format} has no paths; use --at with JSON only`);
  }
  if (encoding !== undefined) createDecoder(source, encoding);
}

async function openPath(path: string, options: OpenOptions): Promise<SourceFile> {
  const stats = await stat(path).catch((error: unknown) => {
    throw fileSystemError(error, path);
  });
  if (stats.isDirectory()) throw directoryError(path);
  if (!stats.isFile()) return openStream(path, createReadStream(path), options);
  const read = (signal?: AbortSignal) => textOf(path, readFrom(path, signal), options);
  await using beginning = read(options.signal);
  const { recognition } = await recogniseChunks(path, beginning, options);
  return {
    source: path,
    bytes: stats.size,
    modifiedAtMs: stats.mtimeMs,
    format: recognition.format,
    records: (signal) => recordsOf(path, recognition, read(signal), options),
  };
}

/** Standard input, a pipe or a device: what was looked at is kept, for it cannot be read again. */
async function openStream(
  source: string,
  stream: Readable,
  options: OpenOptions,
): Promise<SourceFile> {
  if (options.signal !== undefined) addAbortSignal(options.signal, stream);
  try {
    const chunks = textOf(source, buffers(stream), options);
    const { recognition, head } = await recogniseChunks(source, chunks, options);
    let isTaken = false;
    return {
      source,
      bytes: null,
      modifiedAtMs: null,
      format: recognition.format,
      records(signal) {
        if (isTaken) throw new Error(`Cannot read ${JSON.stringify(source)} twice: open it again`);
        isTaken = true;
        if (signal !== undefined) addAbortSignal(signal, stream);
        return recordsOf(source, recognition, resume(head, chunks, stream), options);
      },
    };
  } catch (error) {
    stream.destroy();
    throw fileSystemError(error, source);
  }
}

/** Reads no more chunks than it takes to recognise the source: a slow pipe is not waited for. */
async function recogniseChunks(
  source: string,
  chunks: AsyncGenerator<Buffer>,
  { format = "auto", at, isRecord = () => true }: OpenOptions,
): Promise<{ recognition: Recognition; head: Buffer }> {
  const expectation = { format, at: at ?? null, isRecord };
  let head: Buffer = Buffer.alloc(0);
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    head = Buffer.concat([head, next.value]);
    const extent = head.length < CHUNK_BYTES ? "growing" : "full";
    const recognition = await recognise(source, head, extent, expectation);
    if (recognition !== null) return { recognition, head };
  }
  return { recognition: await recognise(source, head, "whole", expectation), head };
}

function textOf(
  source: string,
  chunks: AsyncIterable<Buffer>,
  { encoding = "utf-8" }: OpenOptions,
): AsyncGenerator<Buffer> {
  return decode(source, decompress(source, chunks), encoding);
}

function recordsOf(
  source: string,
  recognition: Recognition,
  chunks: AsyncIterable<Buffer>,
  { recordBytesMax = RECORD_BYTES_MAX_DEFAULT }: OpenOptions,
): AsyncIterable<readonly SourceRecord[]> {
  if (recognition.format === "csv") return readCsv(chunks, recognition.header, recordBytesMax);
  if (recognition.format === "ndjson") return readNdjson(chunks, recordBytesMax);
  const document = recognition.at === null ? chunks : cutArray(chunks, source, recognition.at);
  return readJson(document, source, recordBytesMax);
}

async function* readFrom(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  try {
    await using handle = await open(path);
    const { size } = await handle.stat();
    for (let position = 0; ;) {
      signal?.throwIfAborted();
      const { bytesRead, buffer } = await handle.read({
        buffer: Buffer.allocUnsafeSlow(CHUNK_BYTES),
        position,
      });
      if (bytesRead === 0 && position < size) throw shrunkError(path);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw fileSystemError(error, path);
  }
}

/** Whoever writes it anew has not ended, or what was read is partly of the old content and partly of the new. */
function shrunkError(path: string): SourceError {
  const problem = "it became shorter while it was read; load it again when nobody writes it";
  return new SourceError("changed", path, problem);
}

async function* resume(
  head: Buffer,
  rest: AsyncIterable<Buffer>,
  stream: Readable,
): AsyncGenerator<Buffer> {
  try {
    yield head;
    yield* rest;
  } finally {
    stream.destroy();
  }
}

async function* buffers(chunks: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    if (typeof chunk === "string") yield Buffer.from(chunk);
    else if (Buffer.isBuffer(chunk)) yield chunk;
    else throw new TypeError("Cannot read a stream of objects: give one of bytes or text");
  }
}
