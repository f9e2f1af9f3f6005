import { randomBytes } from "node:crypto";
import {
  discardDeadLetters,
  enqueueChunk,
  forgetRefusals,
  openRun,
  sealRun,
  type DeadLetter,
} from "@sluice/queue";
import type { Session } from "../session.ts";

const SOURCE = "dead letters";
/** A chunk is full with as many records, or with as many characters of them. */
const CHUNK_RECORDS = 250;
const CHUNK_CHARS = 1_000_000;

/**
 * Enqueues the records of one connector's letters again, in a run of their own. A letter goes when its record is stored: a
 * crash between the two leaves both, and what is sent twice is sent as the same version.
 */
export class Replay {
  readonly #session: Session;
  readonly #connector: string;
  readonly #producer = randomBytes(6).toString("hex");
  #run: string | null = null;
  #ordinal = 0;
  #letters: DeadLetter[] = [];
  #chars = 0;

  constructor(session: Session, connector: string) {
    this.#session = session;
    this.#connector = connector;
  }

  /** The run, once something is enqueued. */
  get run(): string | null {
    return this.#run;
  }

  async add(letter: DeadLetter): Promise<void> {
    this.#letters.push(letter);
    this.#chars += letter.raw.length;
    const isFull = this.#letters.length >= CHUNK_RECORDS || this.#chars >= CHUNK_CHARS;
    if (isFull) await this.flush();
  }

  /** Enqueues what was added and not enqueued yet. Throws when Redis has no room for it. */
  async flush(): Promise<void> {
    const { account, queues } = this.#session;
    const letters = this.#letters.splice(0);
    this.#chars = 0;
    if (letters.length === 0) return;
    const run = (this.#run ??= await this.#open());
    this.#ordinal += 1;
    const place = { run, lane: "live", producer: this.#producer, ordinal: this.#ordinal } as const;
    const records = letters.map(({ raw: text, line, source, version }) => ({
      text,
      line,
      source,
      version,
    }));
    await forgetRefusals(account, letters);
    const enqueued = await enqueueChunk(account, queues, place, { source: SOURCE, records });
    if (enqueued.kind !== "enqueued") {
      throw new Error(`Cannot replay all into run ${run}: Redis is ${enqueued.kind}`);
    }
    await discardDeadLetters(account, letters);
  }

  /** Nothing more will come. */
  async seal(): Promise<void> {
    if (this.#run !== null) await sealRun(this.#session.account, this.#run);
  }

  async #open(): Promise<string> {
    const description = { sources: [{ source: SOURCE, bytes: null, modifiedAtMs: null }] };
    const { account } = this.#session;
    return await openRun(account, { connector: this.#connector, lane: "live", description });
  }
}
