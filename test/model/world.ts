import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { versionOf } from "@sluice/inventory";
import { readRun, recountPending, type Account } from "@sluice/queue";

/** What a record of the model says: an asset's key and its content. */
export interface ModelRecord {
  key: string;
  content: string;
}

/** The bytes that are "sent" for it: its version travels along, so that the order can be checked. */
export interface ModelAsset extends ModelRecord {
  version: number;
}

export const KEYS = ["a", "b", "c", "d", "e", "f"];

/** The fingerprint of an asset of which nobody knows what Qualys has. */
const UNKNOWN = "0".repeat(16);

/** Content that the modelled Qualys refuses, and content the transform can do nothing with. */
export const REFUSED = "refused";
export const MALFORMED = "malformed";

export function idOf(key: string): Buffer {
  return createHash("sha256").update(key).digest().subarray(0, 16);
}

export function fingerprintOf(content: string): Buffer {
  return createHash("sha256").update(content).digest().subarray(0, 8);
}

/**
 * The auditor: knows what was enqueued and what the modelled Qualys saw, and nothing of how Sluice keeps its data.
 */
export class World {
  readonly runs: string[] = [];
  /** What Qualys has, by key. */
  readonly held = new Map<string, ModelAsset>();
  /** The newest version of each key that was accepted. */
  readonly #accepted = new Map<string, number>();
  /** The newest record of each key that the transform can use. */
  readonly newest = new Map<string, ModelAsset>();
  posts = 0;

  enqueued(sequence: number, records: readonly ModelRecord[]): void {
    records.forEach((record, index) => {
      const version = versionOf(sequence, index);
      const before = this.newest.get(record.key)?.version ?? -1;
      if (record.content !== MALFORMED && version > before) {
        this.newest.set(record.key, { ...record, version });
      }
    });
  }

  /**
   * Invariant (c): no older version of an asset is posted once a newer one was accepted. Tells the places of those that
   * are not taken; of a call that is refused as a whole nothing is taken, and none is named.
   */
  post(assets: readonly ModelAsset[], isRefused: boolean): number[] {
    this.posts += 1;
    const keys = assets.map(({ key }) => key);
    assert.equal(new Set(keys).size, keys.length, "an asset stands twice in one batch");
    const rejected: number[] = [];
    assets.forEach((asset, index) => {
      const before = this.#accepted.get(asset.key) ?? -1;
      assert.ok(
        asset.version >= before,
        `${asset.key}: version ${asset.version} posted after ${before}`,
      );
      if (isRefused) return;
      if (asset.content === REFUSED) {
        rejected.push(index);
        return;
      }
      this.#accepted.set(asset.key, asset.version);
      this.held.set(asset.key, asset);
    });
    return rejected;
  }

  /** Invariant (a): every run's books balance, and an independent recount finds the same pending. */
  async checkBooks(account: Account): Promise<void> {
    for (const id of this.runs) {
      const run = await readRun(account, id);
      assert.ok(run !== null);
      const { read, delivered, unchanged, coalesced, dead, pending } = run;
      assert.equal(read, delivered + unchanged + coalesced + dead + pending, `books of ${id}`);
      assert.equal(pending, await recountPending(account, id), `pending of ${id}`);
    }
  }

  /** At rest: Qualys has the newest of everything it would take, and Redis holds nothing of it any more. */
  async checkRest(account: Account): Promise<void> {
    await this.checkBooks(account);
    for (const id of this.runs) assert.equal((await readRun(account, id))?.state, "done");
    for (const [key, newest] of this.newest) {
      if (newest.content === REFUSED) continue;
      assert.equal(this.held.get(key)?.content, newest.content, `Qualys has an old ${key}`);
    }
    const names = (await account.client.keys(`${account.base}*`)).map((name) =>
      name.slice(account.base.length),
    );
    const left = names.filter((name) =>
      /^(chunk|seg|batch|index|inflight|parked|ready|outbox|quarantine)(:|$)/.test(name),
    );
    assert.deepEqual(left, [], "something was left in Redis");
    const bytes = await account.client.hgetall(account.key("bytes"));
    assert.deepEqual([...new Set(Object.values(bytes))], Object.keys(bytes).length ? ["0"] : []);
    await this.#checkLedger(account, names);
  }

  /**
   * Invariant (b): what the ledger says was accepted, with that content, and the other way round. Where a refused version had
   * an answer that never came, it says that nobody knows.
   */
  async #checkLedger(account: Account, names: readonly string[]): Promise<void> {
    const ledger = new Map<string, string>();
    for (const name of names.filter((name) => /^ledger:[^:]+:\d+$/.test(name))) {
      for (const key of KEYS) {
        const value = await account.client.hgetBuffer(account.key(name), idOf(key));
        if (value !== null) ledger.set(key, value.subarray(0, 8).toString("hex"));
      }
    }
    assert.deepEqual([...ledger.keys()].sort(), [...this.held.keys()].sort());
    for (const [key, { content }] of this.held) {
      const known = ledger.get(key);
      if (known !== UNKNOWN) assert.equal(known, fingerprintOf(content).toString("hex"));
    }
  }
}
