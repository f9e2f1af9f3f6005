import assert from "node:assert/strict";
import { createSendStage, type SendStageOptions } from "@sluice/pipeline";
import {
  acknowledge,
  beginHold,
  cut,
  disableConnector,
  discardDeadLetters,
  enableConnector,
  endHolds,
  fillBatch,
  forgetRefusals,
  listDeadLetters,
  loadBatch,
  loadChunk,
  openRun,
  quarantineBatch,
  rawRecords,
  readEvidence,
  releaseCall,
  reserveCall,
  sealRun,
  sendCanary,
  settle,
  settleCall,
  splitBatch,
  storeChunk,
  type Account,
  type DeadLetter,
  type Lane,
} from "@sluice/queue";
import { defaultPolicy, emptyReading, type Policy } from "@sluice/governor";
import { versionOf, type ChunkRecord, type LetterContent, type Verdict } from "@sluice/inventory";
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

/** A call that is on the wire. Its sender may die before the answer is dealt with. */
interface Posted {
  rejected: readonly number[];
  isRefused: boolean;
  answer: (verdict: Verdict) => void;
  /** The sender's work, to its end. */
  done: Promise<unknown>;
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
  readonly #posted: Posted[] = [];
  readonly #send: ReturnType<typeof createSendStage>;
  /** What the call that is being made goes out as. */
  #arrive: (posted: Omit<Posted, "done">) => void = () => {};
  #ordinal = 0;
  #isHeld = false;
  /** In Qualys: everything is refused. */
  #isDisabledThere = false;
  /** Here: it takes nothing, and nothing is sent. */
  #isDisabledHere = false;

  constructor(account: Account, seed: number) {
    this.#account = account;
    this.#chance = new Chance(seed);
    this.#send = createSendStage(this.#sendOptions());
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
      () => this.#toggleThere(),
      () => this.#toggleHere(),
      () => this.#replay(),
      () => this.#discard(),
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
    const texts = records.map((record, line) => ({ text: JSON.stringify(record), line }));
    const sequence = await this.#storeChunk(run, texts);
    if (sequence !== null) this.#world.enqueued(sequence, records);
  }

  /** Dead letters, through the transform again; they keep their versions, whatever came after them. */
  async #replay(): Promise<void> {
    const letters = await this.#drawLetters();
    if (letters.length === 0 || this.#isDisabledHere) return;
    await forgetRefusals(this.#account, letters);
    const records = letters.map(({ raw, line, version }) => ({ text: raw, line, version }));
    await this.#storeChunk(this.#chance.pick(this.#world.runs), records);
  }

  async #discard(): Promise<void> {
    await discardDeadLetters(this.#account, await this.#drawLetters());
  }

  async #drawLetters(): Promise<DeadLetter[]> {
    const letters = await listDeadLetters(this.#account);
    return letters
      .sort((one, other) => one.id.localeCompare(other.id))
      .filter(() => this.#chance.isHit(0.5));
  }

  /** Returns its sequence; null where the connector takes nothing. */
  async #storeChunk(run: string, records: readonly ChunkRecord[]): Promise<number | null> {
    this.#ordinal += 1;
    const lane = this.#chance.pick<Lane>(["live", "backfill"]);
    const options = { run, lane, producer: "model", ordinal: this.#ordinal };
    const content = { source: "model", records };
    const enqueued = await storeChunk(this.#account, options, content);
    // The answer was lost: the producer asks again, and gets the same sequence.
    if (this.#chance.isHit(0.2)) {
      assert.deepEqual(await storeChunk(this.#account, options, content), enqueued);
    }
    if (this.#isDisabledHere) {
      assert.equal(enqueued.kind, "disabled");
      return null;
    }
    assert.ok(enqueued.kind === "enqueued");
    this.#chunks.push(enqueued.sequence);
    return enqueued.sequence;
  }

  /** Any chunk, in any order, as often as it likes. */
  async #settle(sequence?: number): Promise<void> {
    if (this.#chunks.length === 0) return;
    const chosen = sequence ?? this.#chance.pick(this.#chunks);
    const chunk = await loadChunk(this.#account, chosen);
    if (chunk === null) return;
    const newest = new Map<string, ModelAsset>();
    const dead = [];
    for (const [
      index,
      { text, line, version = versionOf(chosen, index) },
    ] of chunk.records.entries()) {
      const record = JSON.parse(text) as ModelRecord;
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
    const settlement = { assets, dead, coalesced, warnings: { model: 1 } };
    const settled = await settle(this.#account, chosen, settlement);
    // Else the worker died between the two, or was so slow that others are refused by now.
    if (settled.kind !== "refused" || (sequence === undefined && this.#chance.isHit(0.2))) return;
    const refused = settled.refusals.map(({ index }) => {
      const asset = JSON.parse(assets[index]?.body ?? "{}") as ModelAsset;
      const raw = chunk.records[asset.version - versionOf(chosen, 0)]?.text ?? "";
      return { index, letter: { ...letterOf(asset, 0), raw } };
    });
    await settle(this.#account, chosen, { ...settlement, refused });
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

  /** A sender takes a batch, perhaps one that another sender is busy with, up to the call or to the end of its work. */
  async #post(number?: number): Promise<void> {
    const chosen = number ?? (this.#batches.length > 0 ? this.#chance.pick(this.#batches) : 0);
    const { promise: arrived, resolve } = Promise.withResolvers<Omit<Posted, "done">>();
    this.#arrive = resolve;
    const done = this.#send(chosen);
    const posted = await Promise.race([arrived, done.then(() => null)]);
    if (posted !== null) this.#posted.push({ ...posted, done });
  }

  async #answer(): Promise<void> {
    const posted = this.#posted.splice(this.#chance.below(this.#posted.length), 1)[0];
    if (posted !== undefined) await this.#dealWith(posted, this.#chance.isHit(0.2));
  }

  async #dealWith({ rejected, isRefused, answer, done }: Posted, isLost: boolean): Promise<void> {
    const errors = rejected.map((index) => ({ index, message: REFUSED }));
    if (isLost) answer({ kind: "unknown", message: "no answer" });
    else if (isRefused) answer({ kind: "refused", message: REFUSED });
    else if (errors.length === 0) answer({ kind: "accepted" });
    else if (this.#chance.isHit(0.5)) answer(unplaced());
    else answer({ kind: "accepted-in-part", rejected: errors, unplaced: [] });
    await done;
    // Nobody waits here until a server that did not answer may be asked again.
    await endHolds(this.#account, { reason: "unavailable" });
  }

  /** What the modelled Qualys does with a call: all of it is refused, or what it does not want is. */
  #receive(bodies: readonly Buffer[]): Pick<Posted, "rejected" | "isRefused"> {
    const assets = bodies.map((body) => JSON.parse(body.toString()) as ModelAsset);
    const isBad = assets.some(({ content }) => content === REFUSED);
    const isRefused = this.#isDisabledThere || (isBad && this.#chance.isHit(0.5));
    return { isRefused, rejected: this.#world.post(assets, isRefused) };
  }

  /** A sender's stage as it is, but for the wire. */
  #sendOptions(): SendStageOptions {
    const account = this.#account;
    const lease = { sender: "model", leaseMs: 60_000, callMsMax: 60_000, policy: POLICY };
    return {
      load: (batch) => loadBatch(account, batch),
      reserve: async ({ connector, lane, isSuspect }) => {
        const permit = await reserveCall(account, { ...lease, connector, lane, isSuspect });
        // Invariant (e): no call is reserved while a hold is in force.
        if (this.#isHeld || this.#isDisabledHere) assert.equal(permit.kind, "wait");
        return permit;
      },
      release: (call) => releaseCall(account, call),
      settleCall: (made) => settleCall(account, made),
      rawOf: (batch, indexes) => rawRecords(account, batch, indexes),
      acknowledge: (batch, call, rejected) => acknowledge(account, batch, call, rejected),
      split: async (batch, parts, isGuilty) => {
        const into = await splitBatch(account, batch, parts, isGuilty);
        this.#batches.push(...into);
        return into;
      },
      quarantine: (batch) => quarantineBatch(account, batch),
      evidence: (batch) => readEvidence(account, batch),
      probe: async (batch) => {
        const probe = await sendCanary(account, batch);
        if (probe.kind === "sent") this.#batches.push(probe.canary);
        return probe;
      },
      hold: async (hold) => void (await beginHold(account, hold)),
      importAssets: async ({ payload }) => {
        const { assetData } = JSON.parse(payload.toString()) as { assetData: unknown[] };
        const received = this.#receive(
          assetData.map((asset) => Buffer.from(JSON.stringify(asset))),
        );
        const { promise, resolve } = Promise.withResolvers<Verdict>();
        this.#arrive({ ...received, answer: resolve });
        const verdict = await promise;
        return { verdict, reading: emptyReading, status: 200, elapsedMs: 0, body: "" };
      },
      sourceOf: () => "MODEL",
      permitMsMax: 60_000,
      monotonicMs: () => 0,
      nowMs: () => 0,
      chance: () => 0,
      report: () => {},
    };
  }

  async #toggleHere(): Promise<void> {
    if (this.#chance.isHit(0.7) && !this.#isDisabledHere) return;
    const reason = "disabled";
    this.#isDisabledHere = !this.#isDisabledHere;
    if (this.#isDisabledHere) {
      await disableConnector(this.#account, CONNECTOR, { reason, message: "" });
    } else {
      // Its jobs are nothing to the model, whose workers take any chunk at any time.
      const queues = { addChunk: async () => {}, promoteDelayed: async () => {} };
      await enableConnector(this.#account, queues, CONNECTOR, reason);
    }
  }

  async #toggleThere(): Promise<void> {
    if (this.#chance.isHit(0.7) && !this.#isDisabledThere) return;
    this.#isDisabledThere = !this.#isDisabledThere;
    // An operator has looked.
    if (!this.#isDisabledThere) await endHolds(this.#account, { reason: "refused" });
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
    if (this.#isDisabledHere) await this.#toggleHere();
    this.#isDisabledThere = false;
    await endHolds(this.#account);
    this.#isHeld = false;
    for (const posted of this.#posted.splice(0)) await this.#dealWith(posted, true);
    for (const run of this.#world.runs) await sealRun(this.#account, run);
    for (const sequence of this.#chunks) await this.#settle(sequence);
    for (let round = 0; await this.#isAnythingLeft(); round += 1) {
      assert.ok(round < 500, "the backlog does not get smaller");
      await this.#cut();
      for (const batch of this.#batches) {
        await fillBatch(this.#account, batch);
        await this.#post(batch);
      }
      for (const posted of this.#posted.splice(0)) await this.#dealWith(posted, false);
    }
    // One more look takes the pointers to superseded segments away.
    await this.#cut();
  }

  async #isAnythingLeft(): Promise<boolean> {
    const [batches, quarantined, waiting] = await Promise.all([
      this.#account.client.zcard(this.#account.key("batches")),
      this.#account.client.llen(this.#account.key(`quarantine:${CONNECTOR}`)),
      this.#account.client.hlen(this.#account.key(`index:${CONNECTOR}`)),
    ]);
    return batches + quarantined + waiting > 0;
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
      const about = letters.filter(({ raw }) => (JSON.parse(raw) as ModelRecord).key === key);
      assert.equal(about.length, 1, `letters about ${key}`);
      assert.ok((about[0]?.version ?? 0) >= version);
      const record = JSON.parse(about[0]?.raw ?? "{}") as ModelRecord;
      assert.deepEqual([record.key, record.content], [key, content], `record of ${key}`);
    }
  }
}

function unplaced(): Verdict {
  return { kind: "accepted-in-part", rejected: [], unplaced: [REFUSED] };
}

function letterOf(record: ModelRecord, line: number): LetterContent {
  const { key, content } = record;
  const raw = JSON.stringify({ key, content });
  return { key, reason: content, path: "", message: content, source: "model", line, raw };
}
