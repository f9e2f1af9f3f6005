import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { addAbortSignal } from "node:stream";
import type { Readable } from "node:stream";
import { readCsv } from "./csv.ts";
import { findPaths } from "./find-paths.ts";
import { readJson } from "./json-elements.ts";
import { readNdjson } from "./lines.ts";
import { byteOrderMarkBytes, recognise } from "./recognise.ts";
import type { Recognition } from "./recognise.ts";
import { directoryError, fileSystemError } from "./source-error.ts";
import type { SourceFormat, SourceRecord } from "./source-record.ts";

/** How much of a source is read at once, and looked at to recognise it. */
const CHUNK_BYTES = 64 * 1024;
const RECORD_BYTES_MAX_DEFAULT = 1024 * 1024;
const STANDARD_INPUT = "-";

/** A source that was checked and recognised, and of which no record was handed out yet. */
export interface SourceFile {
  /** The path as it was given or found, or `-` for standard input. */
  source: string;
  /** Its size; null where that is not known before the end (standard input, a pipe). */
  bytes: number | null;
  /** When it was last changed; null where that is not known. */
  modifiedAtMs: number | null;
  format: SourceFormat;
  /**
   * The records in order, in slices of what one read of 64 KiB completes. A file can be read again and
   * again, standard input and pipes once. Whatever was opened is closed at the end, after an error, and
   * when the consumer stops. Rejects with an `AbortError` (or the signal's reason) once `signal` aborts.
   *
   * @throws SourceError if a JSON document is broken (`syntax`), or the file fails under way (`unreadable`)
   */
  records(signal?: AbortSignal): AsyncIterable<readonly SourceRecord[]>;
}

export interface OpenOptions {
  /** @default "auto": each source's format is recognised from its content */
  format?: SourceFormat | "auto";
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

async function openPath(path: string, options: OpenOptions): Promise<SourceFile> {
  const stats = await stat(path).catch((error: unknown) => {
    throw fileSystemError(error, path);
  });
  if (stats.isDirectory()) throw directoryError(path);
  if (!stats.isFile()) return openStream(path, createReadStream(path), options);
  const { recognition, head } = await recogniseChunks(path, readFrom(path, 0), options);
  const start = byteOrderMarkBytes(head);
  return {
    source: path,
    bytes: stats.size,
    modifiedAtMs: stats.mtimeMs,
    format: recognition.format,
    records: (signal) => decode(path, recognition, readFrom(path, start, signal), options),
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
    const beginning = buffers(stream.iterator({ destroyOnReturn: false }));
    const { recognition, head, isWhole } = await recogniseChunks(source, beginning, options);
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
        const content = head.subarray(byteOrderMarkBytes(head));
        return decode(source, recognition, resume(content, isWhole ? null : stream), options);
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
  chunks: AsyncIterable<Buffer>,
  { format = "auto" }: OpenOptions,
): Promise<{ recognition: Recognition; head: Buffer; isWhole: boolean }> {
  let head: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    head = Buffer.concat([head, chunk]);
    const extent = head.length < CHUNK_BYTES ? "growing" : "full";
    const recognition = recognise(source, head, extent, format);
    if (recognition !== null) return { recognition, head, isWhole: false };
  }
  return { recognition: recognise(source, head, "whole", format), head, isWhole: true };
}

function decode(
  source: string,
  recognition: Recognition,
  chunks: AsyncIterable<Buffer>,
  { recordBytesMax = RECORD_BYTES_MAX_DEFAULT }: OpenOptions,
): AsyncIterable<readonly SourceRecord[]> {
  if (recognition.format === "csv") return readCsv(chunks, recognition.header, recordBytesMax);
  if (recognition.format === "json") return readJson(chunks, source, recordBytesMax);
  return readNdjson(chunks, recordBytesMax);
}

async function* readFrom(
  path: string,
  start: number,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  try {
    await using handle = await open(path);
    for (let position = start; ;) {
      signal?.throwIfAborted();
      const { bytesRead, buffer } = await handle.read({
        buffer: Buffer.allocUnsafeSlow(CHUNK_BYTES),
        position,
      });
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw fileSystemError(error, path);
  }
}

async function* resume(head: Buffer, rest: Readable | null): AsyncGenerator<Buffer> {
  try {
    yield head;
    if (rest !== null) yield* buffers(rest);
  } finally {
    rest?.destroy();
  }
}

async function* buffers(chunks: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    if (typeof chunk === "string") yield Buffer.from(chunk);
    else if (Buffer.isBuffer(chunk)) yield chunk;
    else throw new TypeError("Cannot read a stream of objects: give one of bytes or text");
  }
}
