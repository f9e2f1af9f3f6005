import { randomUUID } from "node:crypto";
import type { RejectedAsset } from "@sluice/inventory";
import type { Account } from "./account.ts";
import { look } from "./governor.ts";
import { packLines, unpackLines } from "./packing.ts";
import type { Lane } from "./runs.ts";

/** Assets that travel in one call. */
export interface Batch {
  number: number;
  connector: string;
  /** `live` when one of its assets is. */
  lane: Lane;
  /** The same for every attempt, so that a repeated delivery is the same delivery. */
  requestId: string;
  /** The assets: each the bytes of its JSON text. */
  bodies: readonly Buffer[];
}

/** The batch of that number; null when it is settled. */
export async function loadBatch(account: Account, number: number): Promise<Batch | null> {
  const [connector, requestId, body, lane] = await account.client.hmgetBuffer(
    account.key(`batch:${number}`),
    "c",
    "q",
    "b",
    "l",
  );
  if (!connector || !requestId || !body) return null;
  const bodies = unpackLines(body);
  return {
    number,
    connector: connector.toString(),
    lane: lane?.toString() === "live" ? "live" : "backfill",
    requestId: requestId.toString(),
    bodies,
  };
}

/** Ends a batch: delivered but for the rejected. Safe to repeat: the second time changes nothing. */
export async function acknowledge(
  account: Account,
  batch: number,
  call: number,
  rejected: readonly RejectedAsset[],
): Promise<{ delivered: number; dead: number }> {
  const reply = await account.run(
    "acknowledge",
    batch,
    call,
    ...rejected.flatMap(({ index, letter }) => [index, JSON.stringify(letter)]),
  );
  return { delivered: Number(reply[1] ?? 0), dead: Number(reply[2] ?? 0) };
}

/** Makes several batches of one, in order. Returns their numbers; none when it is settled already. */
export async function splitBatch(
  account: Account,
  batch: Batch,
  parts: readonly (readonly Buffer[])[],
): Promise<number[]> {
  const args = parts.flatMap((bodies) => [bodies.length, randomUUID(), packLines(bodies)]);
  const reply = await account.run("split", batch.number, ...args);
  return reply.slice(1).map(Number);
}

/** Batches cut before that age and not settled: their job, or their body, may have been lost with a process. */
export async function oldBatches(account: Account, ageMs: number): Promise<number[]> {
  const before = (await look(account)).nowMs - ageMs;
  const members = await account.client.zrangebyscore(account.key("batches"), "-inf", before);
  return members.map(Number);
}

/** Chunks that wait longer than that age, the oldest hundred. */
export async function oldChunks(account: Account, ageMs: number): Promise<number[]> {
  const before = (await look(account)).nowMs - ageMs;
  const key = account.key("chunks");
  const members = await account.client.zrangebyscore(key, "-inf", before, "LIMIT", 0, 100);
  return members.map(Number);
}
