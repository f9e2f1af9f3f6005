import { createHash, randomBytes } from "node:crypto";
import {
  versionOf,
  type LetterContent,
  type SettledAsset,
  type Settlement,
} from "@sluice/inventory";
import { expect, inject, onTestFinished, vi } from "vitest";
import { openAccount, type Account, type AccountOptions } from "./account.ts";
import { acknowledge, loadBatch, type Batch } from "./batches.ts";
import { storeChunk } from "./enqueue.ts";
import { cut, fillBatch, settle, type Cut, type CutOptions, type Settled } from "./outbox.ts";
import { openRun, type Lane } from "./runs.ts";

/** The connector of the tests that need only one. */
export const CONNECTOR = "connector";

/** An account of its own for the running test, on the tests' Redis unless told otherwise; gone with the test. */
export async function freshAccount(options: Partial<AccountOptions> = {}): Promise<Account> {
  const account = await openAccount({
    redisUrl: options.redisUrl ?? inject("redisUrl"),
    account: `test-${randomBytes(6).toString("hex")}`,
    ...options,
  });
  onTestFinished(async () => {
    const keys = await account.client.keys(`${account.base}*`);
    if (keys.length > 0) await account.client.unlink(...keys);
    await account[Symbol.asyncDispose]();
  });
  return account;
}

/** Waits for a fact: until `look` no longer throws. Resolves to what it saw. */
export async function eventually<T>(look: () => T | Promise<T>): Promise<T> {
  return await vi.waitFor(look, { timeout: 20_000, interval: 20 });
}

/** The 16 bytes by which the asset of that key is known. */
export function idOf(key: string): Buffer {
  return createHash("sha256").update(key).digest().subarray(0, 16);
}

/** An asset that says `content`; equal contents have equal fingerprints. */
export function assetOf(key: string, content: string, version: number): SettledAsset {
  const fingerprint = createHash("sha256").update(content).digest().subarray(0, 8);
  return { id: idOf(key), fingerprint, version, body: JSON.stringify({ key, content }) };
}

export function letterOf(key: string, message = "refused"): LetterContent {
  return { key, reason: "refused", path: "", message, source: "test", line: 1, raw: "{}" };
}

/** Opens a run of the tests. */
export async function openTestRun(
  account: Account,
  lane: Lane = "backfill",
  connector = CONNECTOR,
): Promise<string> {
  return await openRun(account, { connector, lane, description: { sources: [] } });
}

/** Stores a chunk with so many records. Returns its sequence. */
export async function store(account: Account, run: string, records: number): Promise<number> {
  const place = {
    run,
    lane: "live",
    producer: randomBytes(6).toString("hex"),
    ordinal: 1,
  } as const;
  const texts = Array.from({ length: records }, (_, index) => ({ text: "{}", line: index + 1 }));
  const enqueued = await storeChunk(account, place, { source: "test", records: texts });
  if (enqueued.kind !== "enqueued") throw new Error(`the chunk is not enqueued: ${enqueued.kind}`);
  return enqueued.sequence;
}

/** Settles a stored chunk as assets: content by key, in the order of their versions. */
export async function settleAs(
  account: Account,
  sequence: number,
  contents: Readonly<Record<string, string>>,
): Promise<Settled> {
  const assets = Object.entries(contents).map(([key, content], index) =>
    assetOf(key, content, versionOf(sequence, index)),
  );
  return await settleRefused(account, sequence, { assets, dead: [], coalesced: 0, warnings: {} });
}

/** Settles as a worker does: what Qualys refused before gets a letter. */
async function settleRefused(
  account: Account,
  sequence: number,
  settlement: Settlement,
): Promise<Settled> {
  const settled = await settle(account, sequence, settlement);
  if (settled.kind !== "refused") return settled;
  const refused = settled.refusals.map(({ index, message }) => {
    const { body } = settlement.assets[index] ?? { body: "{}" };
    const { key } = JSON.parse(body) as { key: string };
    return { index, letter: letterOf(key, message) };
  });
  return await settle(account, sequence, { ...settlement, refused });
}

/** Stores and settles a chunk of assets: content by key. */
export async function load(
  account: Account,
  run: string,
  contents: Readonly<Record<string, string>>,
): Promise<Settled> {
  const sequence = await store(account, run, Object.keys(contents).length);
  return await settleAs(account, sequence, contents);
}

/** Cuts with bounds that never matter, but for those given. */
export async function cutWith(account: Account, bounds: Partial<CutOptions> = {}): Promise<Cut> {
  const wide = { connector: CONNECTOR, assetsMax: 100, bytesMax: 1_000_000, lingerMs: 0 };
  return await cut(account, { ...wide, ...bounds });
}

/** The next batch, cut and filled. Fails when there is none. */
export async function takeBatch(account: Account, bounds?: Partial<CutOptions>): Promise<Batch> {
  const taken = await cutWith(account, bounds);
  if (taken.kind !== "batch") throw new Error(`nothing was cut: ${JSON.stringify(taken)}`);
  await fillBatch(account, taken.batch);
  const batch = await loadBatch(account, taken.batch);
  if (batch === null) throw new Error(`batch ${taken.batch} is not there`);
  return batch;
}

/** "key content" of each asset of a batch, in its order. */
export function assetsIn(batch: Batch): string[] {
  return batch.bodies.map((body) => {
    const { key, content } = JSON.parse(body.toString()) as { key: string; content: string };
    return `${key} ${content}`;
  });
}

/** Qualys takes the next batch, but for the assets of the keys given. Returns "key content" of each asset in it. */
export async function deliverNext(account: Account, ...refused: string[]): Promise<string[]> {
  const batch = await takeBatch(account);
  const assets = assetsIn(batch);
  const rejected = assets.flatMap((asset, index) => {
    const key = asset.slice(0, asset.indexOf(" "));
    return refused.includes(key) ? [{ index, letter: letterOf(key) }] : [];
  });
  const { delivered, dead } = await acknowledge(account, batch, 1, rejected);
  expect([delivered, dead]).toEqual([assets.length - rejected.length, rejected.length]);
  return assets;
}
