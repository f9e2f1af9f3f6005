import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { ChunkRecord } from "@sluice/inventory";
import {
  disabledConnectors,
  INTAKE_SOURCE,
  openRun,
  readRun,
  storeChunk,
  type Account,
  type Claim,
  type Enqueued,
  type HeldClaim,
  type Lane,
} from "@sluice/queue";
import { CHUNK_CHARS, CHUNK_RECORDS } from "../open-chunk.ts";

export interface RunWriterOptions {
  account: Account;
  run: string;
  connector: string;
  lane: Lane;
  /** How long a part waits for others to share its chunk. */
  lingerMs: number;
  /** A chunk is in Redis. */
  onChunk: (lane: Lane, sequence: number) => void;
}

/** Records of one request, no more than a chunk of them. */
export interface Part {
  records: readonly ChunkRecord[];
  claim: Claim | null;
}

/** What became of a part. */
export type Written =
  /** In Redis, now or since an earlier request with the same claim: in this run. */
  | { kind: "written"; run: string }
  /** Its claim is held for other content. */
  | { kind: "other-content" }
  | { kind: "full" }
  /** The run takes nothing more, or nothing of this connector. */
  | { kind: "closed" }
  /** The connector takes nothing until it is enabled again. */
  | { kind: "disabled" };

interface Waiting {
  part: Part;
  resolve: (written: Written) => void;
  reject: (error: unknown) => void;
}

/**
 * Writes parts into one run: those that come within a few milliseconds share a chunk, and so a round trip. One chunk is
 * written at a time; what comes meanwhile waits for the next.
 */
export class RunWriter {
  readonly #options: RunWriterOptions;
  readonly #producer = randomBytes(6).toString("hex");
  #waiting: Waiting[] = [];
  #ordinal = 0;
  #isOpen = false;
  #isWriting = false;

  constructor(options: RunWriterOptions) {
    this.#options = options;
  }

  /** Resolves when the part is in Redis, or can't be. Rejects when Redis fails. */
  async write(part: Part): Promise<Written> {
    const { promise, resolve, reject } = Promise.withResolvers<Written>();
    this.#waiting.push({ part, resolve, reject });
    if (!this.#isWriting) void this.#writeAll();
    return await promise;
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      if (!isFull(this.#waiting)) await delay(this.#options.lingerMs);
      const group = takeGroup(this.#waiting);
      await this.#writeGroup(group).catch((error: unknown) => {
        for (const { reject } of group) reject(error);
      });
    }
    this.#isWriting = false;
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    let rest = group;
    // Each turn but the last one settles a part, or opens the run.
    while (rest.length > 0) {
      const opened = await this.open();
      const enqueued: Enqueued =
        opened === "closed"
          ? { kind: "closed", state: "open" }
          : await this.#store(rest.map(({ part }) => part));
      if (enqueued.kind === "claimed") {
        rest = withoutHeld(rest, enqueued.held);
      } else if (enqueued.kind === "closed" && enqueued.state === "unknown") {
        this.#isOpen = false;
        if (opened === "disabled") return settle(rest, { kind: opened });
      } else {
        return settle(rest, this.#written(enqueued));
      }
    }
  }

  /**
   * Opens the run, unless it is there. Closed is that of another connector, which had this name before. A disabled
   * connector's is not opened; it may be there, and what it took before may be asked for.
   */
  async open(): Promise<"open" | "closed" | "disabled"> {
    if (this.#isOpen) return "open";
    const { account, run: id, connector, lane } = this.#options;
    if ((await disabledConnectors(account)).has(connector)) return "disabled";
    const description = { sources: [{ source: INTAKE_SOURCE, bytes: null, modifiedAtMs: null }] };
    await openRun(account, { id, connector, lane, description });
    this.#isOpen = (await readRun(account, id))?.connector === connector;
    return this.#isOpen ? "open" : "closed";
  }

  async #store(parts: readonly Part[]): Promise<Enqueued> {
    const { account, run, lane } = this.#options;
    // Each attempt has an ordinal of its own: only a command that the connection repeats is the same one.
    this.#ordinal += 1;
    const turn = { producer: this.#producer, ordinal: this.#ordinal };
    const place = { run, lane, ...turn, claims: claimsOf(parts) };
    const records = parts.flatMap((part) => part.records);
    return await storeChunk(account, place, { source: INTAKE_SOURCE, records });
  }

  #written(enqueued: Exclude<Enqueued, { kind: "claimed" }>): Written {
    const { run, lane, onChunk } = this.#options;
    switch (enqueued.kind) {
      case "enqueued":
        onChunk(lane, enqueued.sequence);
        return { kind: "written", run };
      case "full":
      case "disabled":
        return { kind: enqueued.kind };
      case "moved":
      case "closed":
        return { kind: "closed" };
    }
  }
}

function settle(group: readonly Waiting[], written: Written): void {
  for (const { resolve } of group) resolve(written);
}

function claimsOf(parts: readonly Part[]): Claim[] {
  return parts.flatMap(({ claim }) => claim ?? []);
}

function isFull(waiting: readonly Waiting[]): boolean {
  let records = 0;
  let chars = 0;
  for (const { part } of waiting) {
    records += part.records.length;
    chars += charsIn(part);
  }
  return records >= CHUNK_RECORDS || chars >= CHUNK_CHARS;
}

function charsIn({ records }: Part): number {
  return records.reduce((sum, { text }) => sum + text.length, 0);
}

/** Takes the parts that fit into one chunk, at least one; of two with the same claim the later one waits. */
function takeGroup(waiting: Waiting[]): Waiting[] {
  const claims = new Set<string>();
  let records = 0;
  let chars = 0;
  let count = 0;
  for (const { part } of waiting) {
    records += part.records.length;
    chars += charsIn(part);
    const isRepeated = part.claim !== null && claims.has(part.claim.id);
    const isTooMuch = records > CHUNK_RECORDS || chars > CHUNK_CHARS;
    if (count > 0 && (isRepeated || isTooMuch)) break;
    if (part.claim !== null) claims.add(part.claim.id);
    count += 1;
  }
  return waiting.splice(0, count);
}

/** Settles the parts whose claims are held, and returns the others. */
function withoutHeld(group: readonly Waiting[], held: readonly HeldClaim[]): Waiting[] {
  const claims = claimsOf(group.map(({ part }) => part));
  const runs = new Map(held.map(({ index, run }) => [claims[index]?.id, run]));
  return group.filter(({ part, resolve }) => {
    const run = part.claim === null ? undefined : runs.get(part.claim.id);
    if (run === undefined) return true;
    resolve(run === null ? { kind: "other-content" } : { kind: "written", run });
    return false;
  });
}
