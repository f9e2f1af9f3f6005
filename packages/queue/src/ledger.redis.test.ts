import { createHash } from "node:crypto";
import { versionOf } from "@sluice/inventory";
import { describe, expect, it } from "vitest";
import type { Account } from "./account.ts";
import { acknowledge } from "./batches.ts";
import { cut, fillBatch } from "./outbox.ts";
import { readRun } from "./runs.ts";
import {
  assetOf,
  CONNECTOR,
  deliverNext,
  freshAccount,
  idOf,
  load,
  openTestRun,
  settleAs,
  store,
} from "./test-account.ts";

const ENTRIES = 20_000;
const CHUNK = 1_000;

/** Content by key of one chunk of a large inventory. */
function chunkOf(number: number, content: string): Record<string, string> {
  const keys = Array.from({ length: CHUNK }, (_, index) => `key-${number * CHUNK + index}`);
  return Object.fromEntries(keys.map((key) => [key, content]));
}

async function deliverChunk(account: Account, run: string, number: number): Promise<void> {
  await load(account, run, chunkOf(number, "1"));
  const bounds = { connector: CONNECTOR, assetsMax: CHUNK, bytesMax: 10_000_000, lingerMs: 0 };
  const taken = await cut(account, bounds);
  if (taken.kind !== "batch") throw new Error(`nothing was cut: ${taken.kind}`);
  await fillBatch(account, taken.batch);
  await acknowledge(account, { number: taken.batch, bodies: [] }, number, []);
}

async function buckets(account: Account): Promise<string[]> {
  return await account.client.keys(account.key(`ledger:${CONNECTOR}:*`));
}

describe("the ledger", () => {
  it("finds every one of many entries again, in small buckets, at under 60 bytes each", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    for (let number = 0; number < ENTRIES / CHUNK; number += 1) {
      await deliverChunk(account, run, number);
    }

    const names = await buckets(account);
    const sizes = await Promise.all(names.map((name) => account.client.hlen(name)));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(ENTRIES);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(400);
    const bytes = await Promise.all(names.map((name) => account.client.memory("USAGE", name)));
    const total = bytes.reduce<number>((sum, size) => sum + Number(size), 0);
    expect(total / ENTRIES).toBeLessThan(60);

    const again = await openTestRun(account);
    for (let number = 0; number < ENTRIES / CHUNK; number += 1) {
      const settled = await load(account, again, chunkOf(number, "1"));
      expect(settled).toMatchObject({ unchanged: CHUNK, waiting: 0 });
    }
    expect(await readRun(account, again)).toMatchObject({ unchanged: ENTRIES, pending: 0 });
    expect((await buckets(account)).length).toBe(names.length);
  });

  it("says of each asset what was sent, as which version, with which call", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const sequence = await store(account, run, 1);
    await settleAs(account, sequence, { a: "1" });
    await deliverNext(account);
    const fields = await account.client.hgetallBuffer(account.key(`ledger:${CONNECTOR}:0`));
    const value = Object.values(fields)[0];
    const { fingerprint } = assetOf("a", "1", 0);
    expect(value?.subarray(0, 8)).toEqual(fingerprint);
    expect(value?.readUIntBE(8, 6)).toBe(versionOf(sequence, 0));
    expect(value?.readUInt32BE(14)).toBe(1);
    expect(await account.client.hexists(account.key(`ledger:${CONNECTOR}:0`), idOf("a"))).toBe(1);
  });

  it("takes ids of any bytes, line ends and zeros among them", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    // Keys whose ids were searched for: one with a zero byte, one with a line end, one with a colon.
    const wanted = [0x00, 0x0a, 0x3a];
    const keys = wanted.map((byte) => {
      for (let i = 0; i < 10_000; i += 1) {
        const id = createHash("sha256").update(`k${i}`).digest().subarray(0, 16);
        if (id.includes(byte)) return `k${i}`;
      }
      throw new Error(`no key has an id with the byte ${byte}`);
    });
    const contents = Object.fromEntries(keys.map((key) => [key, "1"]));
    await load(account, run, contents);
    await deliverNext(account);
    const unique = Object.keys(contents).length;
    expect(await load(account, run, contents)).toMatchObject({ unchanged: unique });
  });
});
