import type { Buffer } from "node:buffer";

/** One record of a chunk, as its source has it. */
export interface ChunkRecord {
  /** JSON text of the record, without line ends; for a malformed one, what was read of it. */
  text: string;
  /** Place in the source: a line, or the number of an array's element. From 1. */
  line: number;
  /** Where it comes from, when its chunk has records of several sources. */
  source?: string;
  /** Why the source could not read it, when it could not. */
  problem?: string;
  /** Its version from an earlier load, when it is replayed. */
  version?: number;
}

/** Some raw assets on their way, with where they come from. */
export interface ChunkContent {
  source: string;
  records: readonly ChunkRecord[];
}

/** A chunk as a worker takes it. */
export interface Chunk extends ChunkContent {
  sequence: number;
  run: string;
  connector: string;
}

/** The most records a chunk may have: a version is sequence * 1024 + index. */
export const CHUNK_ASSETS_MAX = 1024;

/** An asset's place in time: the sequence Redis gave its chunk, and its place in it, as one number. */
export function versionOf(sequence: number, index: number): number {
  return sequence * CHUNK_ASSETS_MAX + index;
}

/** One asset that is ready to be sent. */
export interface SettledAsset {
  /** 16 bytes. */
  id: Buffer;
  /** 8 bytes. */
  fingerprint: Buffer;
  version: number;
  /** Its JSON text: the bytes that will be sent. */
  body: string;
}

/** What an operator is told of a record that can't be delivered as it is. */
export interface LetterContent {
  /** The `sourceNativeKey`, when the record has one. */
  key: string | null;
  /** Code for grouping. */
  reason: string;
  /** Where in the record, `""` for the whole. */
  path: string;
  message: string;
  source: string;
  line: number;
  /** JSON text of the record as the source had it, or what was read of it. */
  raw: string;
  /** Characters of the whole record, where `raw` is only its beginning. */
  rawChars?: number;
  /** JSON text of the asset that Qualys did not take, or its beginning. */
  asset?: string;
}

/** A record as its source had it, and where it stood. */
export type RawRecord = Pick<LetterContent, "source" | "line" | "raw">;

/** The records of a chunk by the versions of what becomes of them. */
export function recordsByVersion(
  { source: common, records }: ChunkContent,
  sequence: number,
): Map<number, RawRecord> {
  return new Map(
    records.map(({ text: raw, line, version, source = common }, index) => [
      version ?? versionOf(sequence, index),
      { source, line, raw },
    ]),
  );
}

/** One record that cannot be sent as it is. */
export interface BuriedRecord {
  /** 16 bytes: of its key, or of its place where it has none. */
  id: Buffer;
  version: number;
  letter: LetterContent;
}

/** What a worker found in a chunk. Each asset's id appears once. */
export interface Settlement {
  assets: readonly SettledAsset[];
  dead: readonly BuriedRecord[];
  /** Those of the assets that are known to be refused, with the letters about them. Default: none. */
  refused?: readonly RejectedAsset[];
  /** Records replaced by a newer one of the same asset in the same chunk. */
  coalesced: number;
  /** How often each warning was given, by code. */
  warnings: Readonly<Record<string, number>>;
}

/** An asset Qualys did not take: its place in the batch, and the letter about it. */
export interface RejectedAsset {
  index: number;
  letter: LetterContent;
}
