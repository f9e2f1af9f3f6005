import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSources } from "./open-sources.ts";
import type { OpenOptions, SourceFile } from "./open-sources.ts";
import { SourceError } from "./source-error.ts";
import { collect } from "./test-support.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-sources-"));
});

afterEach(async () => {
  expect(await openFiles()).toEqual([]);
  await rm(folder, { recursive: true });
});

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** What this process has open in the test's folder. */
async function openFiles(): Promise<string[]> {
  const paths: string[] = [];
  for (const descriptor of await readdir("/proc/self/fd").catch(() => [])) {
    const path = await readlink(`/proc/self/fd/${descriptor}`).catch(() => "");
    if (path.startsWith(folder)) paths.push(path);
  }
  return paths;
}

async function openOne(pattern: string, options?: OpenOptions): Promise<SourceFile> {
  const [source] = await openSources([pattern], options);
  if (source === undefined) throw new Error("no source");
  return source;
}

async function texts(patterns: readonly string[], options?: OpenOptions): Promise<string[]> {
  const sources = await openSources(patterns, options);
  const records = await Promise.all(sources.map((source) => collect(source.records())));
  return records.flat().map((record) => record.text);
}

async function failure(patterns: readonly string[], options?: OpenOptions): Promise<SourceError> {
  const error: unknown = await openSources(patterns, options).catch((reason: unknown) => reason);
  if (error instanceof SourceError) return error;
  throw new Error("opened", { cause: error });
}

describe("openSources recognises", () => {
  it.each([
    ["ndjson", '{"a":1}\n{"b":2}\n'],
    ["ndjson", '{"a":1}'],
    ["ndjson", '{"a": 1\n{"b":2}\n'],
    ["ndjson", ""],
    ["ndjson", " \r\n\n"],
    ["json", '[{"a":1}]'],
    ["json", ' \n [\n{"a":1}\n]'],
    ["json", '{\n  "a": 1\n}\n'],
    ["json", '{ "a": 1,\n  "b": 2 }\n'],
    ["csv", "id,ip\n1,10.0.0.1\n"],
    ["csv", "hostname"],
    ["csv", '"id";"ip"\r\n'],
  ])("%s from %j, whatever the name, with and without byte order mark", async (format, content) => {
    const plain = await file("plain.txt", content);
    const marked = await file("marked.csv", `\uFEFF${content}`);
    const sources = await openSources([plain, marked]);
    expect(sources.map((source) => source.format)).toEqual([format, format]);
    const [expected, actual] = await Promise.all(
      sources.map((source) => collect(source.records())),
    );
    expect(actual).toEqual(expected);
  });

  it("nothing where the format is given", async () => {
    const path = await file("hosts", "[1,2]");
    expect((await openSources([path], { format: "csv" }))[0]?.format).toBe("csv");
    expect((await openSources([path], { format: "ndjson" }))[0]?.format).toBe("ndjson");
  });
});

describe("openSources finds", () => {
  it("files, patterns in alphabetical order and names with brackets, none of them twice", async () => {
    const b = await file("b.json", '["b"]');
    await file("a.json", '["a"]');
    const odd = await file("odd[1].json", '["odd"]');
    await mkdir(join(folder, "folder.json"));
    expect(await texts([odd, join(folder, "*.json"), b])).toEqual(['"odd"', '"a"', '"b"']);
  });

  it("the size and the time of a file", async () => {
    const path = await file("a.json", "[1]");
    const source = await openOne(path);
    expect(source).toMatchObject({ source: path, bytes: 3, modifiedAtMs: expect.any(Number) });
  });

  it("nothing for no pattern", async () => {
    expect(await openSources([])).toEqual([]);
  });
});

describe("openSources refuses", () => {
  it("a file that does not exist, by its name and before another one is read", async () => {
    const there = await file("there.json", "[1]");
    const missing = join(folder, "missing.json");
    const error = await failure([there, missing]);
    expect(error).toMatchObject({ code: "not-found", source: missing });
    expect(error.message).toBe(`Cannot read "${missing}": no such file; check the path`);
  });

  it("a directory", async () => {
    expect(await failure([folder])).toMatchObject({ code: "directory" });
  });

  it("a pattern that matches no file", async () => {
    expect(await failure([join(folder, "*.csv")])).toMatchObject({ code: "no-match" });
  });

  it("a path that the file system cannot follow", async () => {
    const loop = join(folder, "loop");
    await symlink(loop, loop);
    expect(await failure([loop])).toMatchObject({ code: "unreadable" });
  });

  it.skipIf(process.getuid?.() === 0)("a file without permission", async () => {
    const path = join(folder, "secret.json");
    await writeFile(path, "[1]", { mode: 0o000 });
    expect(await failure([path])).toMatchObject({ code: "permission" });
  });

  it.each([
    ["gzip", "compressed", gzipSync('{"a":1}')],
    ["zstd", "compressed", zstdCompressSync('{"a":1}')],
    ["zip", "compressed", Buffer.from("PK\u0003\u0004abcdef")],
    ["binary", "binary", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1])],
    ["UTF-16", "encoding", Buffer.from('\uFEFF{"a":1}', "utf16le")],
    ["UTF-16", "encoding", Buffer.from('{"a":1}', "utf16le")],
    ["UTF-16", "encoding", Buffer.from('{"a":1}', "utf16le").swap16()],
    ["HTML", "unsupported", Buffer.from("<!doctype html>")],
    ["column 2", "header", Buffer.from("a,,b\n1,2,3\n")],
    ["does not end", "header", Buffer.from("x".repeat(100_000))],
  ])("%s data in a file and on standard input, and says so", async (word, code, content) => {
    const path = await file("hosts.json", content);
    const ofFile = await failure([path]);
    expect(ofFile).toMatchObject({ code, source: path });
    expect(ofFile.message).toContain(word);
    const stdin = Readable.from([content.subarray(0, 1), content.subarray(1)]);
    expect(await failure(["-"], { stdin })).toMatchObject({ code, source: "-" });
    expect(stdin.destroyed).toBe(true);
  });

  it("binary data even where the format is given", async () => {
    const path = await file("hosts.json", gzipSync("x"));
    expect(await failure([path], { format: "ndjson" })).toMatchObject({ code: "compressed" });
  });

  it("to touch standard input when a file is missing", async () => {
    const stdin = new PassThrough();
    stdin.end("[1]");
    await failure(["-", join(folder, "missing")], { stdin });
    expect(stdin.readableDidRead).toBe(false);
  });
});

describe("standard input", () => {
  it.each([
    ['{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']],
    ['[{"a":1},{"b":2}]', ['{"a":1}', '{"b":2}']],
    ["id,ip\n1,2\n", ['{"id":"1","ip":"2"}']],
    ["", []],
  ])("loses no byte of %j to the recognition, in chunks of one byte", async (content, expected) => {
    expect(await texts(["-"], { stdin: Readable.from([`\uFEFF${content}`]) })).toEqual(expected);
    const bytes = [...Buffer.from(`\uFEFF${content}`)].map((byte) => Buffer.of(byte));
    expect(await texts(["-"], { stdin: Readable.from(bytes, { objectMode: false }) })).toEqual(
      expected,
    );
  });

  it("hands out records of a pipe that is still open", async () => {
    const stdin = new PassThrough();
    stdin.write('{"a":1}\n');
    const source = await openOne("-", { stdin });
    const slices = source.records()[Symbol.asyncIterator]();
    expect((await slices.next())?.value).toEqual([{ kind: "record", text: '{"a":1}', line: 1 }]);
    stdin.write('{"b":2}\n');
    expect((await slices.next())?.value).toEqual([{ kind: "record", text: '{"b":2}', line: 2 }]);
    await slices.return?.();
    expect(stdin.destroyed).toBe(true);
  });

  it("may be a named pipe", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const written = writeFile(pipe, "id,ip\n1,2\n");
    const source = await openOne(pipe);
    expect(source).toMatchObject({ format: "csv", bytes: null, modifiedAtMs: null });
    expect(await collect(source.records())).toHaveLength(1);
    await written;
  });

  it("comes after the files, has no size, and is read once", async () => {
    const path = await file("a.json", "[1]");
    const sources = await openSources(["-", path], { stdin: Readable.from(["[2]"]) });
    expect(sources.map(({ source, bytes }) => [source, bytes])).toEqual([
      [path, 3],
      ["-", null],
    ]);
    const records = await Promise.all(sources.map((source) => collect(source.records())));
    expect(records.flat().map((record) => record.text)).toEqual(["1", "2"]);
    expect(() => sources[1]?.records()).toThrow("twice");
  });

  it("stops waiting when the signal aborts, before and while records are read", async () => {
    const before = new AbortController();
    const silent = openSources(["-"], { stdin: new PassThrough(), signal: before.signal });
    before.abort();
    await expect(silent).rejects.toMatchObject({ name: "AbortError" });

    const during = new AbortController();
    const stdin = new PassThrough();
    stdin.write('{"a":1}\n');
    const source = await openOne("-", { stdin });
    const slices = source.records(during.signal)[Symbol.asyncIterator]();
    await slices.next();
    const next = slices.next();
    during.abort();
    await expect(next).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("the records of a file", () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => `{"id":"asset-${index}"}`);

  it("come in slices bounded by what is read at once, and again from the start", async () => {
    const source = await openOne(await file("a", rows.join("\n")));
    for (let turn = 0; turn < 2; turn += 1) {
      const sizes: number[] = [];
      for await (const slice of source.records()) sizes.push(slice.length);
      expect(sizes.reduce((sum, size) => sum + size)).toBe(rows.length);
      expect(Math.max(...sizes)).toBeLessThan(5000);
    }
  });

  it.each([
    ["NDJSON", rows.join("\n")],
    ["JSON", `[${rows.join(",")}]`],
    ["CSV", ["id", ...rows.map((_, index) => index)].join("\n")],
  ])("close the file when the consumer of %s stops early", async (_, content) => {
    const source = await openOne(await file("a", content));
    for await (const slice of source.records()) {
      expect(slice.length).toBeGreaterThan(0);
      expect(await openFiles()).toHaveLength(1);
      break;
    }
    expect(await openFiles()).toEqual([]);
  });

  it("end with the signal", async () => {
    const source = await openOne(await file("a", rows.join("\n")));
    const controller = new AbortController();
    const slices = source.records(controller.signal)[Symbol.asyncIterator]();
    await slices.next();
    controller.abort(new Error("enough"));
    await expect(slices.next()).rejects.toThrow("enough");
  });

  it("end with a SourceError when the file is gone by then", async () => {
    const path = await file("a", "[1]");
    const source = await openOne(path);
    await rm(path);
    await expect(collect(source.records())).rejects.toMatchObject({ code: "not-found" });
  });
});
