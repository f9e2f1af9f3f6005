import { Queue, type JobsOptions } from "bullmq";
import type { Account } from "./account.ts";
import type { Lane } from "./runs.ts";

/** Names of the three BullMQ queues of an account. Their jobs are small pointers; the data lies in our own keys. */
export const INTAKE_QUEUE: Readonly<Record<Lane, string>> = {
  live: "intake-live",
  backfill: "intake-backfill",
};
export const OUTBOUND_QUEUE = "outbound";

export interface ChunkJob {
  sequence: number;
}

export interface BatchJob {
  batch: number;
}

/**
 * A job never ends in BullMQ's failed set: it is tried again, with waits that grow to a minute, until it is done.
 * Nothing is kept of a done one.
 */
const JOB_OPTIONS: JobsOptions = {
  attempts: Number.MAX_SAFE_INTEGER,
  backoff: { type: "custom" },
  removeOnComplete: true,
  stackTraceLimit: 3,
};

/** Where BullMQ keeps jobs that nobody works on. */
const WAITING_STATES = ["waiting", "prioritized", "delayed"] as const;

/** Jobs without a priority go before those with one. */
const BACKFILL_PRIORITY = 1;

/** Entries kept in BullMQ's own event streams; nothing of ours reads them. */
const EVENTS_MAX = 1_000;

/** The adding side of an account's queues. */
export class Queues implements AsyncDisposable {
  readonly #intake: Readonly<Record<Lane, Queue<ChunkJob>>>;
  readonly #outbound: Queue<BatchJob>;

  constructor(account: Account) {
    const options = {
      connection: account.client,
      prefix: account.queuePrefix,
      defaultJobOptions: JOB_OPTIONS,
      streams: { events: { maxLen: EVENTS_MAX } },
    };
    this.#intake = {
      live: new Queue<ChunkJob>(INTAKE_QUEUE.live, options),
      backfill: new Queue<ChunkJob>(INTAKE_QUEUE.backfill, options),
    };
    this.#outbound = new Queue<BatchJob>(OUTBOUND_QUEUE, options);
    for (const queue of this.#all()) queue.on("error", () => {});
  }

  /** Adds the job of a stored chunk. Its id follows from the sequence, so a second one is a no-op. */
  async addChunk(lane: Lane, sequence: number): Promise<void> {
    await this.#intake[lane].add("chunk", { sequence }, { jobId: `chunk-${sequence}` });
  }

  /** Adds the job of a chunk that was put off at that time: its first one may not have ended yet. */
  async addChunkAgain(sequence: number, since: string): Promise<void> {
    const jobId = `chunk-${sequence}-${since}`;
    await this.#intake.backfill.add("chunk", { sequence }, { jobId });
  }

  /** Adds the job of a filled batch: live ones go before all others. */
  async addBatch(batch: number, lane: Lane): Promise<void> {
    const priority = lane === "live" ? {} : { priority: BACKFILL_PRIORITY };
    await this.#outbound.add("batch", { batch }, { jobId: `batch-${batch}`, ...priority });
  }

  /** Adds the job of a part of a batch that has waited its turn already. */
  async addPart(batch: number): Promise<void> {
    await this.#outbound.add("batch", { batch }, { jobId: `batch-${batch}`, lifo: true });
  }

  /**
   * Prepares the outbound queue for senders: so many jobs at once over all processes, and a rate limit that
   * never limits but makes every consumer obey the limiter key by which holds stop the fetching.
   */
  async governOutbound(concurrency: number): Promise<void> {
    await this.#outbound.setGlobalConcurrency(concurrency);
    await this.#outbound.setGlobalRateLimit(1e9, 1);
  }

  /** Brings chunks and batches back that stepped aside for a hold of their connector. */
  async promoteDelayed(): Promise<void> {
    await Promise.all(this.#all().map((queue) => queue.promoteJobs()));
  }

  /** Jobs by queue and state. `failed` is always 0, or something is badly wrong. */
  async counts(): Promise<Record<string, { waiting: number; active: number; failed: number }>> {
    const rows = this.#all().map(async (queue) => {
      const counts = await queue.getJobCounts(...WAITING_STATES, "active", "failed");
      const waiting = WAITING_STATES.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
      const row = { waiting, active: counts["active"] ?? 0, failed: counts["failed"] ?? 0 };
      return [queue.name, row] as const;
    });
    return Object.fromEntries(await Promise.all(rows));
  }

  #all(): Queue[] {
    return [this.#intake.live, this.#intake.backfill, this.#outbound];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all().map((queue) => queue.close()));
  }
}
