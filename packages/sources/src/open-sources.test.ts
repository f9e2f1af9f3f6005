import { execFileSync } from "node:child_process";
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { createGzip, gzipSync, zstdCompressSync } from "node:zlib";
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

/** The beginning of a zip archive: a local header without sizes, as far as they are looked at. */
function zipOf(name: string): Buffer {
  return Buffer.concat([Buffer.from("PK\u0003\u0004"), Buffer.alloc(26), Buffer.from(name)]);
}

const ODS = "application/vnd.oasis.opendocument.spreadsheet";

function tarOf(name: string, content: string): Buffer {
  const files = mkdtempSync(join(tmpdir(), "sluice-tar-"));
  writeFileSync(join(files, name), content);
  const archive = execFileSync("tar", ["-C", files, "-cf", "-", name]);
  rmSync(files, { recursive: true });
  return archive;
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
    ["compressed twice", "unsupported", gzipSync(gzipSync('{"a":1}'))],
    ["compressed twice", "unsupported", gzipSync(zstdCompressSync('{"a":1}'))],
    ["xz -d", "unsupported", Buffer.from("\u00FD7zXZ\0\0", "latin1")],
    ["lz4 -d", "unsupported", Buffer.from("04224d186440a7", "hex")],
    ["bzip2 -d", "unsupported", Buffer.from("BZh91AY&SY")],
    ["a zip archive", "unsupported", zipOf("hosts.csv")],
    ["save the sheet as CSV", "unsupported", zipOf("[Content_Types].xml")],
    ["save the sheet as CSV", "unsupported", zipOf("xl/workbook.xml")],
    ["save the sheet as CSV", "unsupported", zipOf(`mimetype${ODS}`)],
    [".xls", "unsupported", Buffer.from("d0cf11e0a1b11ae1", "hex")],
    ["7z x", "unsupported", Buffer.from("377abcaf271c", "hex")],
    ["Parquet", "unsupported", Buffer.from("PAR1\u0015\0")],
    ["a tar archive", "unsupported", tarOf("hosts.csv", "id\n1\n")],
    ["a tar archive", "unsupported", gzipSync(tarOf("a", "id\n1\n"))],
    ["binary", "binary", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1])],
    ["binary", "binary", gzipSync(Buffer.alloc(100_000))],
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

  it("binary data even where the format or the encoding is given", async () => {
    const path = await file("hosts.json", zipOf("hosts.csv"));
    for (const options of [{ format: "ndjson" }, { at: "hosts" }, { encoding: "windows-1252" }]) {
      const error = await failure([path], options as OpenOptions);
      expect(error).toMatchObject({ code: "unsupported" });
    }
  });

  it("an encoding that does not exist, and a path in what has none", async () => {
    const path = await file("hosts.csv", "id\n1\n");
    expect(await failure([path], { encoding: "klingon" })).toMatchObject({ code: "encoding" });
    expect(await failure([path], { at: "a", format: "csv" })).toMatchObject({ code: "path" });
  });

  it("to touch standard input when a file is missing", async () => {
    const stdin = new PassThrough();
    stdin.end("[1]");
    await failure(["-", join(folder, "missing")], { stdin });
    expect(stdin.readableDidRead).toBe(false);
  });
});

describe("openSources decompresses and decodes", () => {
  const contents = {
    ndjson: '{"id":"ä"}\n{"id":"😀"}\n',
    json: '[{"id":"ä"},{"id":"😀"}]',
    csv: "sep=;\r\nid;note, short\r\nä;\r\n😀;\r\n",
  };
  const encoders: Record<string, (text: string) => Buffer> = {
    "UTF-8": (text) => Buffer.from(text),
    "UTF-8 with mark": (text) => Buffer.from(`\uFEFF${text}`),
    "UTF-16LE with mark": (text) => Buffer.from(`\uFEFF${text}`, "utf16le"),
    "UTF-16BE with mark": (text) => Buffer.from(`\uFEFF${text}`, "utf16le").swap16(),
    "UTF-16LE": (text) => Buffer.from(text, "utf16le"),
    "UTF-16BE": (text) => Buffer.from(text, "utf16le").swap16(),
  };
  const packers: Record<string, (bytes: Buffer) => Buffer> = {
    plain: (bytes) => bytes,
    gzip: gzipSync,
    zstd: zstdCompressSync,
  };
  const cases = Object.entries(contents).flatMap(([format, content]) =>
    Object.keys(encoders).flatMap((encoding) =>
      Object.keys(packers).map((packing) => ({ format, content, encoding, packing })),
    ),
  );

  it.each(cases)(
    "$format in $encoding, $packing, from a file and from standard input",
    async ({ format, content, encoding, packing }) => {
      const bytes = packers[packing]?.(encoders[encoding]?.(content) ?? Buffer.alloc(0));
      if (bytes === undefined) throw new Error("no bytes");
      const path = await file("hosts", bytes);
      const source = await openOne(path);
      expect(source).toMatchObject({ format, bytes: bytes.length });
      expect((await collect(source.records())).map(({ text }) => text)).toEqual([
        '{"id":"ä"}',
        '{"id":"😀"}',
      ]);
      const single = [...bytes].map((byte) => Buffer.of(byte));
      for (const chunks of [[bytes], single]) {
        const stdin = Readable.from(chunks, { objectMode: false });
        expect(await texts(["-"], { stdin })).toEqual(['{"id":"ä"}', '{"id":"😀"}']);
      }
    },
  );

  it("an encoding that was named, where no byte order mark says another", async () => {
    const plain = await file("plain.csv", Buffer.from("id;preis\n1;5 \u0080 f\u00FCr\n", "latin1"));
    const marked = await file("marked.csv", "\uFEFFid;preis\n1;5 € für\n");
    const expected = '{"id":"1","preis":"5 € für"}';
    expect(await texts([plain, marked], { encoding: "windows-1252" })).toEqual([
      expected,
      expected,
    ]);
  });

  it("nothing silently: a line that is not UTF-8 is named with the remedy", async () => {
    const path = await file("hosts.csv", Buffer.from("id;ort\n1;K\u00F6ln\n2;Bonn\n", "latin1"));
    expect(await collect((await openOne(path)).records())).toMatchObject([
      { kind: "malformed", line: 2, message: expect.stringContaining("--encoding windows-1252") },
      { kind: "record", line: 3 },
    ]);
  });

  it("what comes before an error, and then says what is wrong", async () => {
    const lines = Array.from(
      { length: 30_000 },
      (_, index) => `{"id":"asset-${index * 7}"}\n`,
    ).join("");
    const cutOff = await file("hosts.ndjson.gz", gzipSync(lines).subarray(0, -100));
    const wide = Buffer.from(`\uFEFF${lines}`, "utf16le").subarray(0, -1);
    for (const [path, code] of [
      [cutOff, "corrupt"],
      [await file("wide.ndjson", wide), "encoding"],
    ] as const) {
      const read: string[] = [];
      const reading = async () => {
        for await (const slice of (await openOne(path)).records()) {
          read.push(...slice.map(({ text }) => text));
        }
      };
      await expect(reading()).rejects.toMatchObject({ code, source: path });
      expect(read.length).toBeGreaterThan(10_000);
      expect(lines.startsWith(read.join("\n"))).toBe(true);
    }
  });

  it("hands out compressed records of a pipe that is still open", async () => {
    const stdin = new PassThrough();
    const gzip = createGzip();
    gzip.pipe(stdin);
    gzip.write('{"a":1}\n');
    gzip.flush();
    const source = await openOne("-", { stdin });
    const slices = source.records()[Symbol.asyncIterator]();
    expect((await slices.next())?.value).toMatchObject([{ text: '{"a":1}' }]);
    await slices.return?.();
    expect(stdin.destroyed).toBe(true);
  });
});

describe("a JSON document with the records inside", () => {
  const hosts = Array.from({ length: 5000 }, (_, index) => ({
    hostname: `host-${index}`,
    tags: [],
  }));
  const document = { count: hosts.length, next: null, data: { hosts, page: 1 } };
  const isRecord = (text: string): boolean => "hostname" in (JSON.parse(text) as object);

  it.each([undefined, 2])("is read at the path that is given, laid out by %j", async (layout) => {
    const content = JSON.stringify(document, null, layout);
    const path = await file("answer.json", content);
    const packed = await file("answer.json.gz", gzipSync(content));
    for (const at of ["data.hosts", "/data/hosts"]) {
      const read = await texts([path, packed], { at });
      expect(read).toHaveLength(2 * hosts.length);
      expect(JSON.parse(read[4999] ?? "")).toEqual(hosts[4999]);
    }
    expect(await texts(["-"], { at: "data.hosts", stdin: Readable.from([content]) })).toHaveLength(
      5000,
    );
  });

  it.each([
    ["one line", JSON.stringify(document)],
    ["one line and a line end", `${JSON.stringify(document)}\n`],
    ["many lines", JSON.stringify(document, null, 2)],
    ["few records", JSON.stringify({ data: { hosts: hosts.slice(0, 2) }, total: 2 })],
    ["few records and a line end", `${JSON.stringify({ data: { hosts: hosts.slice(0, 2) } })}\n`],
  ])("on %s is refused without a path, which is suggested", async (_, content) => {
    const path = await file("answer.json", content);
    const error = await failure([path], { isRecord });
    expect(error).toMatchObject({ code: "wrapped" });
    expect(error.message).toContain("(--at data.hosts)");
    for (const chunks of [[content], [content.slice(0, 30), content.slice(30)]]) {
      const stdin = Readable.from(chunks);
      expect(await failure(["-"], { isRecord, stdin })).toMatchObject({ code: "wrapped" });
    }
  });

  it.each([
    ["a record with a list of objects", '{"software":[{"name":"a"}],"hostname":"b"}', 1],
    ["a printed one", '{\n"software":[{"name":"a"}],\n"hostname":"b"}', 1],
    ["a first of several that is no record", '{"os":[{"name":"a"}]}\n{"hostname":"b"}\n', 2],
    ["a printed first of several", '{\n"os":[{"name":"a"}]}\n{"hostname":"b"}\n', 2],
    ["an object without objects inside", '{"os":["a"],"b":{"c":[]}}', 1],
  ])("is not what %s is taken for", async (_, content, count) => {
    const path = await file("hosts.json", content);
    expect(await texts([path], { isRecord })).toHaveLength(count);
    expect(await texts(["-"], { isRecord, stdin: Readable.from([content]) })).toHaveLength(count);
  });

  it("is not looked for where the format is given", async () => {
    const path = await file("hosts.json", JSON.stringify({ hosts: hosts.slice(0, 2) }));
    expect(await texts([path], { isRecord, format: "ndjson" })).toHaveLength(1);
  });

  it("is refused for a wrong path before anything is read, if that shows near its top", async () => {
    const path = await file("answer.json", JSON.stringify({ total: 1, data: { hosts: [] } }));
    const error = await failure([path], { at: "data.assets" });
    expect(error.message).toContain('there is no "assets" in "data"; there are "hosts"');
    const behind = await file("behind.json", JSON.stringify({ ...document, end: 1 }));
    const source = await openOne(behind, { at: "end" });
    await expect(collect(source.records())).rejects.toMatchObject({ code: "path" });
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

  it("go on to the end of a file that grows meanwhile", async () => {
    const path = await file("a", rows.join("\n"));
    const source = await openOne(path);
    let count = 0;
    for await (const slice of source.records()) {
      if (count === 0) await appendFile(path, `\n${rows.join("\n")}`);
      count += slice.length;
    }
    expect(count).toBe(2 * rows.length);
  });

  it("end with a SourceError when the file has become shorter: what was cut off would be missing", async () => {
    const path = await file("a", rows.join("\n"));
    const source = await openOne(path);
    const slices = source.records()[Symbol.asyncIterator]();
    expect((await slices.next()).done).toBe(false);
    await truncate(path, 70_000);
    const rest = async () => {
      while (!(await slices.next()).done);
    };
    await expect(rest()).rejects.toMatchObject({
      code: "changed",
      message: `Cannot read ${JSON.stringify(path)}: it became shorter while it was read; load it again when nobody writes it`,
    });
  });

  it("end with a SourceError when the file is gone by then", async () => {
    const path = await file("a", "[1]");
    const source = await openOne(path);
    await rm(path);
    await expect(collect(source.records())).rejects.toMatchObject({ code: "not-found" });
  });
});
