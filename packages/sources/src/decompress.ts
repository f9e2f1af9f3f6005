import { createGunzip, createZstdDecompress } from "node:zlib";
import type { Gunzip, ZstdDecompress } from "node:zlib";
import { fuseHead } from "./fuse-head.ts";
import { SourceError } from "./source-error.ts";

/** What one step of decompression hands out at most, however well the data was compressed. */
const OUTPUT_BYTES = 64 * 1024;

interface Codec {
  name: string;
  signature: readonly number[];
  /** Whether zeros may follow: tapes and block devices fill their last block with them, and gzip passes over them. */
  mayBePadded: boolean;
  create: () => Gunzip | ZstdDecompress;
}

const ZSTD = {
  name: "zstd",
  mayBePadded: false,
  create: () => createZstdDecompress({ chunkSize: OUTPUT_BYTES }),
};

/** RFC 1952 and RFC 8878. */
const CODECS: readonly Codec[] = [
  {
    name: "gzip",
    signature: [0x1f, 0x8b, 0x08],
    mayBePadded: true,
    create: () => createGunzip({ chunkSize: OUTPUT_BYTES }),
  },
  { ...ZSTD, signature: [0x28, 0xb5, 0x2f, 0xfd] },
  // A frame to be skipped, as pzstd writes before each other one.
  { ...ZSTD, signature: [0x50, 0x2a, 0x4d, 0x18] },
];
const SIGNATURE_BYTES = 4;

/**
 * The content of gzip or zstd data, which its first bytes tell; any other data as it is. Members that
 * follow one another are one content. Nothing is read ahead, and no more is held than one step makes.
 *
 * @throws SourceError if the data is broken or cut off, behind what was read before (`corrupt`)
 */
export async function* decompress(
  source: string,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  let inflation: Inflation | null | undefined;
  try {
    for await (const chunk of fuseHead(chunks, SIGNATURE_BYTES)) {
      inflation ??= inflationOf(source, chunk);
      if (inflation === null) yield chunk;
      else yield* inflation.take(chunk);
    }
    if (inflation) yield* inflation.end();
  } finally {
    inflation?.close();
  }
}

function inflationOf(source: string, head: Buffer): Inflation | null {
  const codec = CODECS.find(({ signature }) => signature.every((byte, at) => head[at] === byte));
  return codec === undefined ? null : new Inflation(source, codec);
}

/** One decompressor after another, for each of them ends with its member and leaves the rest of the input. */
class Inflation {
  readonly #source: string;
  readonly #codec: Codec;
  #member: Member;

  constructor(source: string, codec: Codec) {
    this.#source = source;
    this.#codec = codec;
    this.#member = new Member(codec.create());
  }

  async *take(input: Buffer): AsyncGenerator<Buffer> {
    try {
      for (let rest = input; rest.length > 0;) {
        if (this.#member.isEnded && this.#codec.mayBePadded && isPadding(rest)) return;
        if (this.#member.isEnded) this.#begin();
        const taken = yield* this.#member.take(rest);
        rest = rest.subarray(taken);
      }
    } catch (error) {
      throw this.#corrupt(error);
    }
  }

  async *end(): AsyncGenerator<Buffer> {
    try {
      yield* this.#member.take(null);
    } catch (error) {
      throw this.#corrupt(error);
    }
  }

  close(): void {
    this.#member.close();
  }

  #begin(): void {
    this.#member.close();
    this.#member = new Member(this.#codec.create());
  }

  #corrupt(cause: unknown): unknown {
    if (!(cause instanceof Error && "errno" in cause)) return cause;
    const isCutOff = "code" in cause && cause.code === "Z_BUF_ERROR";
    const problem = isCutOff
      ? "ends in the middle; it was cut off, so transfer or compress it again"
      : `is broken (${cause.message}); transfer or compress it again`;
    const { name } = this.#codec;
    return new SourceError("corrupt", this.#source, `the ${name} data ${problem}`, { cause });
  }
}

function isPadding(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

/** A decompressor that is given a piece at a time and gives what it makes of it before it gets the next. */
class Member {
  readonly #stream: Gunzip | ZstdDecompress;
  #error: Error | null = null;
  #isEnded = false;
  #wake: () => void = () => {};

  constructor(stream: Gunzip | ZstdDecompress) {
    this.#stream = stream;
    stream.on("readable", () => this.#wake());
    stream.on("end", () => {
      this.#isEnded = true;
      this.#wake();
    });
    stream.on("error", (error) => this.#fail(error));
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Yields what this input makes (null: there is no more), and returns how many bytes of it were taken. */
  async *take(input: Buffer | null): AsyncGenerator<Buffer, number> {
    const stream = this.#stream;
    const takenBefore = stream.bytesWritten;
    let isTaken = false;
    if (input === null) stream.end();
    else {
      stream.write(input, (error) => {
        isTaken = true;
        if (error) this.#fail(error);
        else this.#wake();
      });
    }
    for (;;) {
      const change = new Promise<void>((resolve) => (this.#wake = resolve));
      const output = stream.read() as Buffer | null;
      if (output !== null) yield output;
      else if (this.#error !== null) throw this.#error;
      else if (isTaken || this.#isEnded) return stream.bytesWritten - takenBefore;
      else await change;
    }
  }

  close(): void {
    this.#stream.destroy();
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#wake();
  }
}
