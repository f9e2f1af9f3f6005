import type { ChunkRecord } from "@sluice/inventory";
import type { SourceRecord } from "@sluice/sources";

/** A chunk is full with as many records, or with as many characters of them. */
export const CHUNK_RECORDS = 250;
export const CHUNK_CHARS = 1_000_000;

/** Collects records until they make a chunk. Where it is full follows from the records alone. */
export class OpenChunk {
  readonly #source: string | null;
  #records: ChunkRecord[] = [];
  #chars = 0;

  /** @param source where the records come from, when their chunk will not say it for all of them */
  constructor(source: string | null = null) {
    this.#source = source;
  }

  add(record: SourceRecord): void {
    const { text, line } = record;
    this.#records.push({
      text,
      line,
      ...(this.#source !== null && { source: this.#source }),
      ...(record.kind === "malformed" && { problem: record.message }),
    });
    this.#chars += text.length;
  }

  get isFull(): boolean {
    return this.#records.length >= CHUNK_RECORDS || this.#chars >= CHUNK_CHARS;
  }

  get chars(): number {
    return this.#chars;
  }

  get isEmpty(): boolean {
    return this.#records.length === 0;
  }

  take(): ChunkRecord[] {
    const records = this.#records;
    this.#records = [];
    this.#chars = 0;
    return records;
  }
}
