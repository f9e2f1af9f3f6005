import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { listDeadLetters, readRun, type Run } from "@sluice/queue";
import { describe, expect, it, vi } from "vitest";
import { openPlace, type Ended, type Place } from "./support/sluice.ts";

/** A process may never have more resident, whatever it is given. Measured were 235, and 110 of one that does nothing. */
const PEAK_MB_MAX = 350;
const REPORT_MEMORY = new URL("support/report-memory.ts", import.meta.url).href;

const MEGABYTE = 1_000_000;
const WORD = "k".repeat(MEGABYTE);

interface HostileRecord {
  /** The line in an NDJSON file. */
  text: string | Buffer;
  /** The reason of the letter; or of the asset that arrives what has to be in it. */
  becomes: string | { key: string } | { hashed: true } | { nothing: true };
  /** In the body that Qualys gets, to the byte. */
  contains?: string;
}

function nested(levels: number, inner = ""): string {
  return `${"[".repeat(levels)}${inner}${"]".repeat(levels)}`;
}

const RECORDS: Readonly<Record<string, HostileRecord>> = {
  "a list 100,000 deep": { text: `{"id":"1","x":${nested(100_000)}}`, becomes: "too-large" },
  "a number 100,000 deep": {
    text: `{"id":"2","x":${nested(100_000, "1.10")}}`,
    becomes: "too-large",
  },
  "objects 100,000 deep": {
    text: `{"id":"3","x":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`,
    becomes: "too-large",
  },
  "a list 100,000 deep in a text": {
    text: JSON.stringify({ id: "4", software: nested(100_000) }),
    becomes: "schema",
  },
  "brackets that are never closed": { text: "[".repeat(100_000), becomes: "malformed" },
  "__proto__ and its kind as fields": {
    text: '{"__proto__":{"id":"x","hostname":"x"},"constructor":{"prototype":{"os":"x"}},"id":"proto","toString":1}',
    becomes: { key: "proto" },
  },
  "__proto__ as a key": {
    text: '{"id":"__proto__","__proto__":null,"software":[{"__proto__":{"name":"x"},"name":"y"}]}',
    becomes: { key: "__proto__" },
  },
  "a key in a __proto__": { text: '{"__proto__":{"id":"x"}}', becomes: "no-key" },
  "NUL, escaped": {
    text: String.raw`{"id":"nul","hostname":"a\u0000b"}`,
    becomes: { key: "nul" },
    contains: String.raw`"netBiosName":"a\u0000b"`,
  },
  "NUL, raw": { text: '{"id":"5\0"}', becomes: "malformed" },
  "half a surrogate pair": {
    text: String.raw`{"id":"half","hostname":"\ud83dx"}`,
    becomes: { key: "half" },
    contains: String.raw`"netBiosName":"\ud83dx"`,
  },
  "half a surrogate pair in the key": { text: String.raw`{"id":"\ude00"}`, becomes: "schema" },
  "bytes that are no UTF-8": {
    text: Buffer.from([...Buffer.from('{"id":"6'), 0xff, 0xc0, ...Buffer.from('"}')]),
    becomes: "malformed",
  },
  "a number beyond 2^53": {
    text: '{"id":9007199254740993,"hostname":12345678901234567890}',
    becomes: { key: "9007199254740993" },
    contains: '"netBiosName":"12345678901234567890"',
  },
  "a number beyond all": {
    text: '{"id":"7e","hostname":1e400}',
    becomes: { key: "7e" },
    contains: '"netBiosName":"1e400"',
  },
  "a number with a zero at its end": {
    text: '{"id":"zero","software":[{"name":"vim","version":1.10}]}',
    becomes: { key: "zero" },
    contains: '"version":"1.10"',
  },
  "a key of a megabyte": { text: `{"id":"${WORD}"}`, becomes: { hashed: true } },
  "a name of a megabyte": { text: `{"id":"name","${WORD}":1}`, becomes: { key: "name" } },
  "80,000 kinds of software": {
    text: JSON.stringify({
      id: "soft",
      software: Array.from({ length: 80_000 }, (_, at) => `p${at}`),
    }),
    becomes: { key: "soft" },
    contains: '"name":"p79999"',
  },
  "500,000 kinds of software in a megabyte": {
    text: JSON.stringify({ id: "8", software: "a,".repeat(500_000) }),
    becomes: "schema",
  },
  "two megabytes": { text: `{"id":"9","hostname":"${WORD}${WORD}"}`, becomes: "malformed" },
  "Windows line ends": { text: '{"id":"crlf"}\r', becomes: { key: "crlf" } },
  "an empty line": { text: "", becomes: { nothing: true } },
  "100,000 empty lines": { text: "\r\n".repeat(100_000), becomes: { nothing: true } },
};
const HOSTILE = Object.entries(RECORDS).map(([name, record]) => ({ name, ...record }));

/** Each record between two neighbours. */
function linesOf(records: readonly { text: string | Buffer }[]): Buffer {
  const neighbour = (at: number) => `{"id":"neighbour-${at}","hostname":"neighbour-${at}"}\n`;
  const parts = records.flatMap(({ text }, at) => [text, `\n${neighbour(at + 1)}`]);
  return Buffer.concat([neighbour(0), ...parts].map((part) => Buffer.from(part)));
}

/** Opens a place whose commands leave behind how much memory they had; `peakMb` is that of the last that ended. */
async function openMeasured(): Promise<Place & { peakMb: () => Promise<number> }> {
  const place = await openPlace({ limit: 10_000, windowMs: 1_000 });
  const file = join(place.dir, "peak");
  const measured = { NODE_OPTIONS: `--import=${REPORT_MEMORY}`, PEAK_FILE: file };
  const env = {
    ...place.env,
    ...measured,
    SLUICE_BATCH_ASSETS_MAX: "100",
    SLUICE_BATCH_LINGER_MS: "0",
  };
  const peakMb = async () => Number(await readFile(file, "utf8")) / 1024;
  return {
    ...place,
    env,
    peakMb,
    run: (args, options) => place.run(args, { env, ...options }),
    start: (args, options) => place.start(args, { env, ...options }),
  };
}

/** Whether what became of the records is what has to, and their neighbours arrived. */
async function expectOutcomes(place: Place, run: Run | null): Promise<void> {
  const { sandbox, account } = place;
  const letters = await listDeadLetters(account, {});
  const reasons = HOSTILE.flatMap(({ becomes }) => (typeof becomes === "string" ? [becomes] : []));
  expect(letters.map(({ reason }) => reason).toSorted()).toEqual(reasons.toSorted());
  const arrived = new Map([...sandbox.assets].map(([id, asset]) => [id.split("/")[1], asset]));
  for (let at = 0; at <= HOSTILE.length; at += 1) expect(arrived.has(`neighbour-${at}`)).toBe(true);
  for (const { name, becomes, contains = "" } of HOSTILE) {
    if (typeof becomes === "string" || !("key" in becomes)) continue;
    const asset = arrived.get(becomes.key);
    expect(asset, name).toBeDefined();
    expect(asset?.received, name).toContain(contains);
  }
  const delivered = HOSTILE.filter(
    ({ becomes }) => typeof becomes !== "string" && !("nothing" in becomes),
  );
  expect(run).toMatchObject({
    state: "done",
    delivered: delivered.length + HOSTILE.length + 1,
    dead: reasons.length,
    pending: 0,
  });
  expect(sandbox.count()).toBe(delivered.length + HOSTILE.length + 1);
}

function runOf({ stdout, stderr }: Ended): string {
  expect(stdout, stderr).toContain('"run"');
  return (JSON.parse(stdout) as { run: string }).run;
}

describe("hostile records", () => {
  it("of a file are letters or arrive whole, and their neighbours arrive", async () => {
    await using place = await openMeasured();
    await place.write("hosts.ndjson", linesOf(HOSTILE));
    const ended = await place.run(["push", "hosts.ndjson", "--json"]);
    await expectOutcomes(place, await readRun(place.account, runOf(ended)));
    expect(ended.exitCode).toBe(3);
    expect(await place.peakMb()).toBeLessThan(PEAK_MB_MAX);
  });

  it("of standard input are letters or arrive whole, and their neighbours arrive", async () => {
    await using place = await openMeasured();
    const ended = await place.run(["push", "-", "--json"], { input: linesOf(HOSTILE) });
    await expectOutcomes(place, await readRun(place.account, runOf(ended)));
    expect(ended.exitCode).toBe(3);
    expect(await place.peakMb()).toBeLessThan(PEAK_MB_MAX);
  });

  it("of the HTTP intake are letters or arrive whole, and their neighbours arrive", async () => {
    await using place = await openMeasured();
    const made = await place.run(["key", "agent", "--json"]);
    const { key, line } = JSON.parse(made.stdout) as { key: string; line: string };
    await place.write("keys", `${line}\n`);
    const keysFile = join(place.dir, "keys");
    const env = { ...place.env, SLUICE_INTAKE_PORT: "0", SLUICE_INTAKE_KEYS_FILE: keysFile };
    const up = place.start(["up"], { env });
    const [, url = ""] = await up.line(/^intake: (\S+)/m);
    const authorization = `Bearer ${key}`;
    const response = await fetch(`${url}?run=hostile`, {
      method: "POST",
      headers: { authorization, "content-type": "application/x-ndjson" },
      body: linesOf(HOSTILE),
    });
    expect(response.status).toBe(202);
    const { run } = (await response.json()) as { run: string };
    const sealed = await fetch(new URL(`/v1/runs/${run}/seal`, url), {
      method: "POST",
      headers: { authorization },
    });
    expect(sealed.status).toBe(200);
    await vi.waitFor(async () => expect((await readRun(place.account, run))?.state).toBe("done"), {
      timeout: 20_000,
      interval: 100,
    });
    await expectOutcomes(place, await readRun(place.account, run));
    up.signal("SIGTERM");
    expect((await up.ended).exitCode).toBe(0);
    expect(await place.peakMb()).toBeLessThan(PEAK_MB_MAX);
  });
});

const [FIRST, LAST] = ['{"id":"first"}\n', '{"id":"last"}\n'];
const COLUMNS = Array.from({ length: 100_000 }, (_, at) => `c${at}`);

interface HostileFile {
  name: string;
  content: () => Buffer;
  /** How many assets Qualys then has and how many records are dead, of so many; or what the command says. */
  becomes: { assets: number; dead: number; read?: number } | string;
}

/** A compressed line of 200 MB between two records, in a few KB. */
function bomb(compress: (content: Buffer) => Buffer): Buffer {
  const part = compress(Buffer.alloc(10 * MEGABYTE, "x"));
  const parts = Array.from({ length: 20 }, () => part);
  return Buffer.concat([
    compress(Buffer.from(FIRST)),
    ...parts,
    compress(Buffer.from(`\n${LAST}`)),
  ]);
}

const FILES: readonly HostileFile[] = [
  {
    name: "with a record of 100 MB",
    content: () => Buffer.from(`${FIRST}{"id":"${"x".repeat(100 * MEGABYTE)}"}\n${LAST}`),
    becomes: { assets: 2, dead: 1 },
  },
  {
    name: "with an element of 100 MB",
    content: () => Buffer.from(`[${FIRST},{"id":"${"x".repeat(100 * MEGABYTE)}"},${LAST}]`),
    becomes: { assets: 2, dead: 1 },
  },
  {
    name: "with 10,000 columns",
    content: () => {
      const columns = COLUMNS.slice(0, 9_999).join(",");
      const rows = Array.from({ length: 20 }, (_, at) => `row-${at},${columns}`);
      return Buffer.from([`id,${columns}`, ...rows].join("\n"));
    },
    becomes: { assets: 20, dead: 0 },
  },
  {
    name: "with 100,000 columns",
    content: () => Buffer.from(`id,${COLUMNS.join(",")}\nfirst,${COLUMNS.join(",")}\n`),
    becomes: "header row: it does not end within 65536 characters; check the line ends",
  },
  {
    name: "that is a bomb of gzip",
    content: () => bomb(gzipSync),
    becomes: { assets: 2, dead: 1 },
  },
  {
    name: "that is a bomb of zstd",
    content: () => bomb(zstdCompressSync),
    becomes: { assets: 2, dead: 1 },
  },
  {
    name: "with 20,000 malformed lines",
    content: () => Buffer.from(`${FIRST}${"{oops\n".repeat(20_000)}${LAST}`),
    becomes: { assets: 2, dead: 20_000 },
  },
  {
    name: "with 20,000 records of one key",
    content: () => {
      const records = Array.from({ length: 20_000 }, (_, at) => `{"id":"one","os":"${at}"}\n`);
      return Buffer.from(`${FIRST}${records.join("")}${LAST}`);
    },
    becomes: { assets: 3, dead: 0, read: 20_002 },
  },
  {
    name: "with a quote that is never closed",
    content: () => Buffer.from(`id,os\nfirst,a\nopen,"b\n${`${WORD}\n`.repeat(10)}last,c\n`),
    becomes: { assets: 2, dead: 11 },
  },
  {
    name: "of empty lines",
    content: () => Buffer.from(" \r\n".repeat(MEGABYTE)),
    becomes: { assets: 0, dead: 0 },
  },
  {
    name: "of binary data",
    content: () => Buffer.from(`${FIRST}{"id":"\0"}\n`),
    becomes: "binary data; give NDJSON, JSON or CSV",
  },
];

describe("a hostile file", () => {
  it.for(FILES)("$name is delivered but for what is wrong, in bounded memory", async (file) => {
    const { content, becomes } = file;
    await using place = await openMeasured();
    await place.write("hosts", content());
    const ended = await place.run(["push", "hosts", "--json"]);
    expect(await place.peakMb()).toBeLessThan(PEAK_MB_MAX);
    if (typeof becomes === "string") {
      expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
      expect(ended.stderr).toBe(`sluice: Cannot read "hosts": ${becomes}\n`);
      return;
    }
    expect(ended.exitCode, ended.stderr).toBe(becomes.dead > 0 ? 3 : 0);
    const { assets, dead, read = assets + dead } = becomes;
    const books = JSON.parse(ended.stdout) as Record<string, number>;
    expect(books).toMatchObject({ read, dead, pending: 0 });
    expect((books["delivered"] ?? 0) + (books["coalesced"] ?? 0)).toBe(read - dead);
    expect(place.sandbox.count()).toBe(assets);
  });
});
