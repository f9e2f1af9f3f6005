import assert from "node:assert/strict";
import {
  acknowledge,
  beginHold,
  cut,
  endHolds,
  fillBatch,
  listDeadLetters,
  loadBatch,
  loadChunk,
  openRun,
  rawRecords,
  reserveCall,
  sealRun,
  settle,
  settleCall,
  splitBatch,
  storeChunk,
  type Account,
  type Batch,
} from "@sluice/queue";
import { defaultPolicy, emptyReading, type Policy } from "@sluice/governor";
import { versionOf, type LetterContent } from "@sluice/inventory";
import { Chance } from "../support/random.ts";
import {
  fingerprintOf,
  idOf,
  KEYS,
  MALFORMED,
  REFUSED,
  World,
  type ModelAsset,
  type ModelRecord,
} from "./world.ts";

const CONNECTOR = "connector";
/** Never in the way: what is tried here is the order of things, not the budget. */
const POLICY: Policy = {
  ...defaultPolicy,
  pacing: "burst",
  callsLive: 0,
  fallback: { limit: 1_000_000, windowMs: 600_000, concurrency: 1_000 },
};
const CONTENTS = ["1", "2", "3", REFUSED, MALFORMED];

/** A post whose answer has not been dealt with. Its sender may die before it is. */
interface Answer {
  batch: Batch;
  call: number;
  rejected: number[];
}

/**
 * Random interleavings of enqueue, settle, cut, send, answer and crash for a few keys: one seed decides all.
 * A crash is simply a step that is never followed by the next one; whatever comes after must cope.
 */
export class Model {
  readonly #account: Account;
  readonly #chance: Chance;
  readonly #world = new World();
  readonly #chunks: number[] = [];
  readonly #batches: number[] = [];
  readonly #answers: Answer[] = [];
  #ordinal = 0;
  #isHeld = false;

  constructor(account: Account, seed: number) {
    this.#account = account;
    this.#chance = new Chance(seed);
  }

  async run(steps: number): Promise<void> {
    const description = { sources: [] };
    for (const lane of ["live", "backfill"] as const) {
      this.#world.runs.push(
        await openRun(this.#account, { connector: CONNECTOR, lane, description }),
      );
    }
    const actions = [
      () => this.#enqueue(),
      () => this.#settle(),
      () => this.#settle(),
      () => this.#cut(),
      () => this.#post(),
      () => this.#answer(),
      () => this.#answer(),
      () => this.#toggleHold(),
    ];
    for (let step = 0; step < steps; step += 1) {
      await this.#chance.pick(actions)();
      if (step % 10 === 0) await this.#world.checkBooks(this.#account);
    }
    await this.#rest();
    await this.#world.checkRest(this.#account);
    await this.#checkSecondLoad();
    await this.#checkLetters();
  }

  async #enqueue(): Promise<void> {
    const records = Array.from({ length: 1 + this.#chance.below(4) }, () => ({
      key: this.#chance.pick(KEYS),
      content: this.#chance.pick(CONTENTS),
    }));
    await this.#store(this.#chance.pick(this.#world.runs), records);
  }

  async #store(run: string, records: readonly ModelRecord[]): Promise<void> {
    this.#ordinal += 1;
    const options = { run, lane: "live", producer: "model", ordinal: this.#ordinal } as const;
    const content = {
      source: "model",
      records: records.map((record, line) => ({ text: JSON.stringify(record), line })),
    };
    const enqueued = await storeChunk(this.#account, options, content);
    // The answer was lost: the producer asks again, and gets the same sequence.
    if (this.#chance.isHit(0.2)) {
      assert.deepEqual(await storeChunk(this.#account, options, content), enqueued);
    }
    assert.equal(enqueued.kind, "enqueued");
    if (enqueued.kind !== "enqueued") return;
    this.#world.enqueued(enqueued.sequence, records);
    this.#chunks.push(enqueued.sequence);
  }

  /** Any chunk, in any order, as often as it likes. */
  async #settle(sequence?: number): Promise<void> {
    if (this.#chunks.length === 0) return;
    const chosen = sequence ?? this.#chance.pick(this.#chunks);
    const chunk = await loadChunk(this.#account, chosen);
    if (chunk === null) return;
    const newest = new Map<string, ModelAsset>();
    const dead = [];
    for (const [index, { text, line }] of chunk.records.entries()) {
      const record = JSON.parse(text) as ModelRecord;
      const version = versionOf(chosen, index);
      if (record.content !== MALFORMED) newest.set(record.key, { ...record, version });
      else dead.push({ id: idOf(record.key), version, letter: letterOf(record, line) });
    }
    const assets = [...newest.values()].map((asset) => ({
      id: idOf(asset.key),
      fingerprint: fingerprintOf(asset.content),
      version: asset.version,
      body: JSON.stringify(asset),
    }));
    const coalesced = chunk.records.length - dead.length - assets.length;
    await settle(this.#account, chosen, { assets, dead, coalesced, warnings: { model: 1 } });
  }

  async #cut(): Promise<void> {
    const taken = await cut(this.#account, {
      connector: CONNECTOR,
      assetsMax: 1 + this.#chance.below(3),
      bytesMax: 100_000,
      lingerMs: 0,
    });
    if (taken.kind !== "batch") return;
    this.#batches.push(taken.batch);
    // Without it: the worker died between the two; a sweep fills the batch later.
    if (this.#chance.isHit(0.8)) await fillBatch(this.#account, taken.batch);
  }

  /** A sender takes a batch, perhaps one that another sender is busy with. */
  async #post(number?: number): Promise<void> {
    const chosen = number ?? (this.#batches.length > 0 ? this.#chance.pick(this.#batches) : 0);
    const batch = await loadBatch(this.#account, chosen);
    if (batch === null) return;
    const permit = await reserveCall(this.#account, {
      sender: "model",
      leaseMs: 60_000,
      connector: CONNECTOR,
      lane: batch.lane,
      callMsMax: 60_000,
      isSuspect: batch.isSuspect,
      policy: POLICY,
    });
    // Invariant (e): no call is reserved while a hold is in force.
    if (this.#isHeld) assert.equal(permit.kind, "wait");
    if (permit.kind !== "go") return;
    const assets = batch.bodies.map((body) => JSON.parse(body.toString()) as ModelAsset);
    this.#answers.push({ batch, call: permit.call, rejected: this.#world.post(assets) });
  }

  async #answer(): Promise<void> {
    const answer = this.#answers.splice(this.#chance.below(this.#answers.length), 1)[0];
    if (answer !== undefined) await this.#dealWith(answer, this.#chance.isHit(0.2));
  }

  async #dealWith({ batch, call, rejected }: Answer, isLost: boolean): Promise<void> {
    const outcome = isLost ? "unknown" : "accepted";
    await settleCall(this.#account, {
      call,
      batch: batch.number,
      connector: CONNECTOR,
      outcome,
      cause: "rate",
      status: null,
      message: "",
      mayBeBatch: false,
      isCanary: false,
      isSuspect: batch.isSuspect,
      failures: null,
      assets: batch.bodies.length,
      elapsedMs: 0,
      chance: 0,
      reading: emptyReading,
      bytesMax: null,
      entry: {
        atMs: 0,
        requestId: "",
        status: null,
        assets: 0,
        elapsedMs: 0,
        verdict: outcome,
        message: "",
      },
    });
    if (isLost) {
      // Nobody waits here until a server that did not answer may be asked again.
      await endHolds(this.#account, { reason: "unavailable" });
      return;
    }
    if (rejected.length > 0 && batch.bodies.length > 1 && this.#chance.isHit(0.5)) {
      const middle = Math.ceil(batch.bodies.length / 2);
      const halves = [batch.bodies.slice(0, middle), batch.bodies.slice(middle)];
      this.#batches.push(...(await splitBatch(this.#account, batch, halves, true)));
      return;
    }
    const records = await rawRecords(this.#account, batch.number, rejected);
    const letters = rejected.map((index, at) => {
      const asset = JSON.parse(batch.bodies[index]?.toString() ?? "{}") as ModelAsset;
      return { index, letter: { ...letterOf(asset, 0), ...records[at] } };
    });
    await acknowledge(this.#account, batch, call, letters);
  }

  async #toggleHold(): Promise<void> {
    if (this.#chance.isHit(0.5) && !this.#isHeld) return;
    if (this.#isHeld) await endHolds(this.#account);
    else {
      await beginHold(this.#account, {
        scope: "account",
        reason: "operator",
        durationMs: null,
        message: "",
      });
    }
    this.#isHeld = !this.#isHeld;
  }

  /** No more crashes: everything is worked off. */
  async #rest(): Promise<void> {
    if (this.#isHeld) await this.#toggleHold();
    await endHolds(this.#account);
    this.#isHeld = false;
    for (const answer of this.#answers.splice(0)) await this.#dealWith(answer, true);
    for (const run of this.#world.runs) await sealRun(this.#account, run);
    for (const sequence of this.#chunks) await this.#settle(sequence);
    for (let round = 0; await this.#isAnythingLeft(); round += 1) {
      assert.ok(round < 500, "the backlog does not get smaller");
      await this.#cut();
      for (const batch of this.#batches) {
        await fillBatch(this.#account, batch);
        await this.#post(batch);
      }
      for (const answer of this.#answers.splice(0)) await this.#dealWith(answer, false);
    }
    // One more look takes the pointers to superseded segments away.
    await this.#cut();
  }

  async #isAnythingLeft(): Promise<boolean> {
    const [batches, waiting] = await Promise.all([
      this.#account.client.zcard(this.#account.key("batches")),
      this.#account.client.hlen(this.#account.key(`index:${CONNECTOR}`)),
    ]);
    return batches + waiting > 0;
  }

  /** Invariant (f): what Qualys has, loaded again, makes no call. */
  async #checkSecondLoad(): Promise<void> {
    const run = await openRun(this.#account, {
      connector: CONNECTOR,
      lane: "backfill",
      description: { sources: [] },
    });
    this.#world.runs.push(run);
    const records = [...this.#world.newest.values()];
    if (records.length > 0) await this.#store(run, records);
    await sealRun(this.#account, run);
    const posts = this.#world.posts;
    for (const sequence of this.#chunks) await this.#settle(sequence);
    await this.#rest();
    assert.equal(this.#world.posts, posts, "the same snapshot made a call");
    await this.#world.checkRest(this.#account);
  }

  /** Each key whose newest state was refused has exactly one letter, about that state. */
  async #checkLetters(): Promise<void> {
    const letters = await listDeadLetters(this.#account);
    for (const [key, { content, version }] of this.#world.newest) {
      if (content !== REFUSED) continue;
      const about = letters.filter((letter) => letter.key === key);
      assert.equal(about.length, 1, `letters about ${key}`);
      assert.ok((about[0]?.version ?? 0) >= version);
      assert.deepEqual(JSON.parse(about[0]?.raw ?? ""), { key, content }, `record of ${key}`);
    }
  }
}

function letterOf({ key, content }: ModelRecord, line: number): LetterContent {
  return { key, reason: content, path: "", message: content, source: "model", line, raw: "" };
}
