import { strict as assert } from "node:assert";
import { randomUUID } from "node:crypto";
import type { Chunk, LetterContent, SettledAsset, Settlement } from "@sluice/inventory";
import type { Account } from "./account.ts";
import { unpackChunk } from "./chunk.ts";
import { FORMAT_VERSION } from "./format.ts";
import { packLines, packTexts } from "./packing.ts";
import { RecentSegments } from "./recent-segments.ts";
import type { Lane } from "./runs.ts";
import type { Reply } from "./scripts.ts";

/** An asset whose content Qualys refused before, and why; its place among the assets of the settlement. */
interface Refusal {
  index: number;
  reason: string;
  message: string;
}

export type Settled =
  | { kind: "gone" }
  /** Nothing is settled: these assets need letters first. */
  | { kind: "refused"; refusals: readonly Refusal[] }
  | {
      kind: "settled";
      waiting: number;
      parked: number;
      unchanged: number;
      coalesced: number;
      dead: number;
    };

/** The chunk of that sequence, or null when it was settled already. */
export async function loadChunk(account: Account, sequence: number): Promise<Chunk | null> {
  const [body, run, connector] = await account.client.hmgetBuffer(
    account.key(`chunk:${sequence}`),
    "b",
    "r",
    "c",
  );
  if (!body || !run || !connector) return null;
  const content = unpackChunk(body);
  return { ...content, sequence, run: run.toString(), connector: connector.toString() };
}

/** Decides every asset of a chunk: one script, so that two workers with the same chunk do no harm. */
export async function settle(
  account: Account,
  sequence: number,
  settlement: Settlement,
): Promise<Settled> {
  const { assets, dead } = settlement;
  const table = Buffer.allocUnsafe(assets.length * 34);
  for (const [index, asset] of assets.entries()) {
    writeEntry(table, index * 34, asset, Buffer.byteLength(asset.body));
  }
  const reply = await account.run(
    "settle",
    sequence,
    table,
    assets.length > 0 ? packTexts(assets.map(({ body }) => body)) : "",
    settlement.coalesced,
    JSON.stringify(settlement.warnings),
    dead.length,
    ...dead.flatMap((record) => [
      record.id,
      record.version,
      JSON.stringify(record.letter),
      placeIfMalformed(record.letter),
    ]),
    ...(settlement.refused ?? []).flatMap(({ index, letter }) => [index, JSON.stringify(letter)]),
  );
  if (reply[0] === "gone") return { kind: "gone" };
  if (reply[0] === "refused") return { kind: "refused", refusals: refusalsIn(reply.slice(1)) };
  const [waiting, parked, unchanged, coalesced, buried] = reply.slice(1).map(Number);
  return {
    kind: "settled",
    waiting: waiting ?? 0,
    parked: parked ?? 0,
    unchanged: unchanged ?? 0,
    coalesced: coalesced ?? 0,
    dead: buried ?? 0,
  };
}

/** Malformed lines may be too many for letters: then their places are kept. */
function placeIfMalformed({ reason, source, line }: LetterContent): string {
  return reason === "malformed" ? `${line} ${source}` : "";
}

function refusalsIn(pairs: readonly Reply[]): Refusal[] {
  return Array.from({ length: pairs.length / 2 }, (_, at) => ({
    index: Number(pairs[at * 2]),
    ...(JSON.parse(String(pairs[at * 2 + 1])) as Omit<Refusal, "index">),
  }));
}

function writeEntry(table: Buffer, at: number, asset: SettledAsset, bytes: number): void {
  asset.id.copy(table, at, 0, 16);
  asset.fingerprint.copy(table, at + 16, 0, 8);
  table.writeUIntBE(asset.version, at + 24, 6);
  table.writeUInt32BE(bytes, at + 30);
}

export interface CutOptions {
  connector: string;
  assetsMax: number;
  bytesMax: number;
  lingerMs: number;
}

export type Cut =
  | { kind: "batch"; batch: number; assets: number; lane: Lane }
  /** Nothing waits for this connector. */
  | { kind: "empty" }
  /** Enough is cut for the next calls: a batch must be settled first. */
  | { kind: "full" }
  /** Something waits, but it is too early for a partial batch, or the connector is held. */
  | { kind: "wait"; delayMs: number }
  /** All that waits was written by a newer version, and is left to it. */
  | { kind: "newer"; format: number; known: number };

/** Takes the assets of the next call from a connector's outbox. */
export async function cut(account: Account, options: CutOptions): Promise<Cut> {
  const { connector, assetsMax, bytesMax, lingerMs } = options;
  const batchOf = [connector, assetsMax, bytesMax, lingerMs, randomUUID()];
  const reply = await account.run("cut", ...batchOf, FORMAT_VERSION);
  const [kind, value, assets, lane] = reply;
  if (kind === "batch") {
    return { kind, batch: Number(value), assets: Number(assets), lane: lane as Lane };
  }
  if (kind === "wait") return { kind, delayMs: Number(value) };
  if (kind === "newer") return { kind, format: Number(value), known: FORMAT_VERSION };
  return { kind: kind === "full" ? kind : "empty" };
}

/**
 * Gives a cut batch its body, from the segments its assets lie in. Safe to repeat, by any worker: that is how
 * a batch whose worker died between the two is completed.
 */
export async function fillBatch(
  account: Account,
  batch: number,
  recent = new RecentSegments(account),
): Promise<void> {
  // The size is that of its body: there is none yet.
  const [places, size] = await account.client.hmgetBuffer(account.key(`batch:${batch}`), "s", "z");
  if (!places || (size && size.toString() !== "0")) return;
  const segments = new Map<number, readonly Buffer[]>();
  const bodies: Buffer[] = [];
  for (let at = 0; at < places.length; at += 8) {
    const segment = places.readUIntBE(at, 6);
    const assets = segments.get(segment) ?? (await recent.load(segment));
    // It was settled meanwhile.
    if (assets === null) return;
    segments.set(segment, assets);
    const body = assets[places.readUInt16BE(at + 6)];
    assert(body !== undefined, `Segment ${segment} has no entry ${places.readUInt16BE(at + 6)}`);
    bodies.push(body);
  }
  await account.run("put", batch, packLines(bodies));
}

/** Connectors with something in their outbox. */
export async function backlogConnectors(account: Account): Promise<string[]> {
  return await account.client.smembers(account.key("backlog"));
}
