import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decompress } from "./decompress.ts";
import { inChunks } from "./test-support.ts";

const TEXT = Array.from({ length: 4000 }, (_, index) => `{"id":${(index * 7919) % 4001}}\n`).join(
  "",
);
const HALVES = [TEXT.slice(0, 20_000), TEXT.slice(20_000)];
const SIZES = [[1], [7], [1000], [100_000]];

/** What came out before the end or the error, and the error. */
async function outcome(
  content: string | Buffer,
  sizes: readonly number[],
): Promise<{ text: string; error: unknown; largest: number }> {
  const pieces: Buffer[] = [];
  let error: unknown = null;
  try {
    for await (const piece of decompress("hosts", inChunks(content, sizes))) pieces.push(piece);
  } catch (caught) {
    error = caught;
  }
  const largest = Math.max(0, ...pieces.map((piece) => piece.length));
  return { text: Buffer.concat(pieces).toString(), error, largest };
}

/** With a checksum, as the zstd command writes it. */
function zstd(content: string | Buffer): Buffer {
  return zstdCompressSync(content, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
}

describe.for([
  ["gzip", gzipSync],
  ["zstd", zstd],
] as const)("%s data", ([name, compress]) => {
  const data = compress(TEXT);

  it.each(SIZES)("comes out as it went in, in chunks of %j", async (...sizes) => {
    expect(await outcome(data, sizes)).toMatchObject({ text: TEXT, error: null });
  });

  it.each(SIZES)("may have several members, some empty, in chunks of %j", async (...sizes) => {
    const members = Buffer.concat(["", ...HALVES, ""].map((part) => compress(part)));
    expect(await outcome(members, sizes)).toMatchObject({ text: TEXT, error: null });
  });

  it.each(SIZES)(
    "that is cut off gives what came before, then an error that says so, in chunks of %j",
    async (...sizes) => {
      const two = Buffer.concat([compress(HALVES[0] ?? ""), compress(HALVES[1] ?? "")]);
      const { text, error } = await outcome(two.subarray(0, -30), sizes);
      expect(TEXT.startsWith(text)).toBe(true);
      expect(text.length).toBeGreaterThanOrEqual(20_000);
      expect(error).toMatchObject({
        code: "corrupt",
        message: `Cannot read "hosts": the ${name} data ends in the middle; it was cut off, so transfer or compress it again`,
      });
    },
  );

  it.each(SIZES)("with other bytes behind it is an error, in chunks of %j", async (...sizes) => {
    const { text, error } = await outcome(Buffer.concat([data, Buffer.from("garbage")]), sizes);
    expect(TEXT.startsWith(text)).toBe(true);
    expect(error).toMatchObject({ code: "corrupt", message: expect.stringContaining("is broken") });
  });

  it("that is damaged is an error, whichever byte of it", async () => {
    const small = compress(TEXT.slice(0, 2000));
    const header = 10; // where gzip has a time and a system that nothing checks
    for (let at = header; at < small.length; at += 1) {
      const damaged = Buffer.from(small);
      damaged[at] = (damaged[at] ?? 0) ^ 0x55;
      const { error } = await outcome(damaged, [500]);
      expect(error, `byte ${at}`).toMatchObject({ code: "corrupt" });
    }
  });

  it("that was compressed a thousandfold comes out in small pieces", async () => {
    const bomb = compress(Buffer.alloc(64 * 1024 * 1024));
    let bytes = 0;
    for await (const piece of decompress("bomb", inChunks(bomb, [65_536]))) {
      expect(piece.length).toBeLessThanOrEqual(256 * 1024);
      bytes += piece.length;
    }
    expect(bytes).toBe(64 * 1024 * 1024);
  });

  it("closes what it reads when the consumer stops", async () => {
    let isClosed = false;
    async function* chunks(): AsyncGenerator<Buffer> {
      try {
        yield* inChunks(data, [100]);
      } finally {
        isClosed = true;
      }
    }
    for await (const piece of decompress("hosts", chunks())) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    expect(isClosed).toBe(true);
  });
});

describe("other data", () => {
  it.each(["", "a", "id,ip\n1,2\n"])("%j passes as it is", async (content) => {
    expect(await outcome(content, [1])).toMatchObject({ text: content, error: null });
  });
});

describe("gzip data from a tape", () => {
  it.each(SIZES)("may end in zeros that fill a block, in chunks of %j", async (...sizes) => {
    const filled = Buffer.concat([gzipSync(TEXT), Buffer.alloc(512)]);
    expect(await outcome(filled, sizes)).toMatchObject({ text: TEXT, error: null });
  });
});

describe("zstd data of several threads", () => {
  it.each(SIZES)("begins with a frame to be skipped, in chunks of %j", async (...sizes) => {
    const skipped = Buffer.from("502a4d180400000001020304", "hex");
    const frames = Buffer.concat(HALVES.flatMap((part) => [skipped, zstd(part)]));
    expect(await outcome(frames, sizes)).toMatchObject({ text: TEXT, error: null });
  });
});
