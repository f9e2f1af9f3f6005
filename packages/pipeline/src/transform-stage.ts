import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import {
  versionOf,
  type BuriedRecord,
  type Chunk,
  type ChunkRecord,
  type SettledAsset,
  type Settlement,
  type Transform,
  type Transformed,
} from "@sluice/inventory";
import type { Report } from "./events.ts";
import { isolatedOutcomes, type IsolationOptions } from "./isolated-outcomes.ts";
import { boundedLetter } from "./letter.ts";
import { settleWithLetters, type Settle } from "./settle-with-letters.ts";

export interface TransformStageOptions extends IsolationOptions {
  /** Null when the chunk was settled already. */
  loadChunk: (sequence: number) => Promise<Chunk | null>;
  /** Notes that the chunk is taken up. How often it was, this time included; 0 when it was settled meanwhile. */
  beginTry: (sequence: number) => Promise<number>;
  settle: Settle;
  /** Told of every connector with new dead letters: there may be too many by now. */
  onBuried: (connector: string) => Promise<void>;
  /** How a connector's records become assets; null when this process does not know the connector. */
  transformOf: (connector: string) => Transform | null;
  report: Report;
}

/**
 * Chunk -> assets -> outbox. A record that can't be mapped becomes a dead letter; its neighbours go on. A chunk that was
 * taken up before and not settled may have killed whoever had it: it is transformed in isolation, which costs a process
 * and gives the same. Safe to repeat and to run twice at once. The chunk of a connector that this process does not know is
 * left as it is, which is told once for each connector.
 */
export function createTransformStage(options: TransformStageOptions) {
  const { loadChunk, beginTry, settle, transformOf, onBuried, report } = options;
  const unknown = new Set<string>();
  return async function transformChunk(sequence: number): Promise<"done" | "left"> {
    const chunk = await loadChunk(sequence);
    if (chunk === null) return "done";
    const { connector } = chunk;
    const transform = transformOf(connector);
    if (transform === null) {
      const why = "this worker is configured for other connectors";
      if (!unknown.has(connector)) report({ event: "chunk.left", sequence, connector, why });
      unknown.add(connector);
      return "left";
    }
    unknown.delete(connector);
    const tries = await beginTry(sequence);
    if (tries === 0) return "done";
    if (tries > 1) report({ event: "chunk.isolated", run: chunk.run, sequence, tries });
    const settlement =
      tries === 1
        ? await settlementOf(chunk, transform)
        : settlementFrom(chunk, await isolatedOutcomes(chunk, options));
    const settled = await settleWithLetters(settle, chunk, settlement);
    if (settled.kind === "gone") return "done";
    const { kind: _, ...counts } = settled;
    report({ event: "chunk.settled", run: chunk.run, sequence, ...counts });
    if (settlement.dead.length > 0) {
      const reasons = countBy(settlement.dead.map(({ letter }) => letter.reason));
      report({ event: "records.buried", run: chunk.run, records: settlement.dead.length, reasons });
    }
    if (settled.dead > 0) await onBuried(connector);
    return "done";
  };
}

/** Decides what each record of a chunk is: an asset (the newest of its key), or a dead letter. */
export async function settlementOf(chunk: Chunk, transform: Transform): Promise<Settlement> {
  const settling = new Settling(chunk);
  for (const record of chunk.records) {
    const outcome = outcomeOf(record, transform);
    // Most transforms answer at once, and each wait costs more than they do.
    settling.add(outcome instanceof Promise ? await outcome : outcome);
  }
  return settling.settlement();
}

/** The same from what became of each record. */
function settlementFrom(chunk: Chunk, outcomes: readonly Transformed[]): Settlement {
  const settling = new Settling(chunk);
  for (const outcome of outcomes) settling.add(outcome);
  return settling.settlement();
}

/** Keeps of each outcome what the settlement needs, so that the mapped objects of a whole chunk are never there at once. */
class Settling {
  readonly #chunk: Chunk;
  readonly #newest = new Map<string, SettledAsset>();
  readonly #dead: BuriedRecord[] = [];
  readonly #warnings: Record<string, number> = {};
  #index = 0;
  #coalesced = 0;

  constructor(chunk: Chunk) {
    this.#chunk = chunk;
  }

  /** What became of the next record. */
  add(outcome: Transformed): void {
    const index = this.#index;
    const record = this.#chunk.records[index];
    assert(record !== undefined, `There is no record ${index}`);
    this.#index += 1;
    const version = record.version ?? versionOf(this.#chunk.sequence, index);
    if (outcome.kind === "dead") {
      this.#dead.push(buried(this.#chunk, record, version, outcome));
      return;
    }
    const { key, id, fingerprint, body, warnings } = outcome;
    for (const { code } of warnings) this.#warnings[code] = (this.#warnings[code] ?? 0) + 1;
    const before = this.#newest.get(key);
    if (before !== undefined) this.#coalesced += 1;
    if (before !== undefined && before.version > version) return;
    this.#newest.set(key, { id, fingerprint, version, body });
  }

  settlement(): Settlement {
    assert(this.#index === this.#chunk.records.length, `Record ${this.#index} has no outcome`);
    return {
      assets: [...this.#newest.values()],
      dead: this.#dead,
      coalesced: this.#coalesced,
      warnings: this.#warnings,
    };
  }
}

/** What becomes of one record by itself. */
export function outcomeOf(
  record: ChunkRecord,
  transform: Transform,
): Transformed | Promise<Transformed> {
  if (record.problem === undefined) return transform(record.text);
  const message = record.problem;
  return { kind: "dead", key: null, id: null, reason: "malformed", path: "", message };
}

function buried(
  chunk: Chunk,
  record: ChunkRecord,
  version: number,
  outcome: Transformed & { kind: "dead" },
): BuriedRecord {
  const { run } = chunk;
  const source = record.source ?? chunk.source;
  const { key, reason, path, message } = outcome;
  const { line, text: raw } = record;
  const id = outcome.id ?? placeId(run, source, line);
  const letter = boundedLetter({ key, reason, path, message, source, line, raw });
  return { id, version, letter };
}

/** Identity of a record without a key: where it stands. */
function placeId(run: string, source: string, line: number): Buffer {
  return createHash("sha256").update(`${run}\n${source}\n${line}`).digest().subarray(0, 16);
}

function countBy(codes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}
