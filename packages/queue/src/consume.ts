import { setTimeout as delay } from "node:timers/promises";
import { DelayedError, Worker, type Job, type WorkerOptions } from "bullmq";
import { closeClient, type Account } from "./account.ts";
import { NewerFormatError } from "./format.ts";
import { INTAKE_QUEUE, OUTBOUND_QUEUE, type BatchJob, type ChunkJob } from "./queues.ts";
import type { Lane } from "./runs.ts";

/** What becomes of a batch's job, in the sender's words. The only place where they turn into BullMQ's verbs. */
export type Disposition =
  /** The batch is settled. */
  | { kind: "done" }
  /** The account waits: again after that, in hand or from the front of the queue; no attempt is counted. */
  | { kind: "later"; delayMs: number }
  /** Only its connector waits: out of the way of the others. */
  | { kind: "aside"; delayMs: number };

/** What becomes of a chunk's job: nothing of it is left, or its connector waits. */
export type ChunkDisposition = Extract<Disposition, { kind: "done" | "aside" }>;

export interface ConsumeOptions {
  concurrency: number;
  /**
   * Told of every error; the job is tried again. After a {@link NewerFormatError} it steps aside, until a newer process takes
   * it.
   */
  onError: (error: Error) => void;
}

/**
 * A shorter wait is waited out with the batch in hand. BullMQ wakes nobody when its limiter ends: a consumer that was
 * waiting for a job when the wait began looks again only after `drainDelay`.
 */
export const IN_HAND_MS_MAX = 2_000;
/** A batch looks again this often, in case the end of its hold came while it stepped aside. */
const ASIDE_MS_MAX = 5_000;
const RETRY_MS_MAX = 60_000;
/**
 * What only a newer process can read is offered again after about that: by chance, so that it is not always this process that
 * takes it, and however many such jobs there are, a hundred a second.
 */
const NEWER_MS = 1_000;
const NEWER_APART_MS = 10;

/**
 * Settings that were measured: a killed consumer's job is taken over within five seconds, a job may stall any number of
 * times, an ended hold is noticed within half a second even where nobody wakes the consumer, and a lost connection is not
 * mourned for long.
 */
const CONSUMER: Partial<WorkerOptions> = {
  lockDuration: 4_000,
  stalledInterval: 1_000,
  maxStalledCount: 1_000_000,
  drainDelay: 1,
  maximumRateLimitDelay: 500,
  runRetryDelay: 1_000,
};

/** One period of consuming. Disposing of it waits for the jobs in hand. */
export class Consumer implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #connection: ReturnType<Account["connect"]>;
  readonly #closing = new AbortController();
  #lastLeftUntilMs = 0;

  constructor(
    account: Account,
    queue: string,
    options: ConsumeOptions,
    handle: (job: Job, token: string, closing: AbortSignal) => Promise<void>,
  ) {
    this.#connection = account.connect();
    const closing = this.#closing.signal;
    const work = async (job: Job, token = "") => {
      try {
        await handle(job, token, closing);
      } catch (error) {
        if (!(error instanceof NewerFormatError)) throw error;
        options.onError(error);
        await stepAside(job, token, this.#leaveForMs());
      }
    };
    this.#worker = new Worker(queue, work, {
      ...CONSUMER,
      connection: this.#connection,
      prefix: account.queuePrefix,
      concurrency: options.concurrency,
      settings: {
        backoffStrategy: (attempts) => Math.min(RETRY_MS_MAX, 500 * 2 ** Math.min(attempts, 10)),
      },
    });
    this.#worker.on("error", options.onError);
    this.#worker.on("failed", (_, error) => options.onError(error));
  }

  #leaveForMs(): number {
    const nowMs = Date.now();
    const soonMs = nowMs + NEWER_MS * (0.5 + Math.random());
    this.#lastLeftUntilMs = Math.max(soonMs, this.#lastLeftUntilMs + NEWER_APART_MS);
    return Math.ceil(this.#lastLeftUntilMs - nowMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    // Without a connection the jobs in hand can't be given back anyway, and waiting for them would have no end.
    await this.#worker.close(this.#connection.status !== "ready");
    await closeClient(this.#connection);
  }
}

/** Hands out the chunks of a lane, one call each, until disposed of. */
export function consumeChunks(
  account: Account,
  lane: Lane,
  options: ConsumeOptions,
  handle: (sequence: number) => Promise<ChunkDisposition | void>,
): Consumer {
  async function work(job: Job<ChunkJob>, token: string): Promise<void> {
    const disposition = await handle(job.data.sequence);
    if (disposition?.kind === "aside") await stepAside(job, token, disposition.delayMs);
  }
  return new Consumer(account, INTAKE_QUEUE[lane], options, work);
}

/** Hands out the batches that are ready to be sent, until disposed of. */
export function consumeBatches(
  account: Account,
  options: ConsumeOptions,
  handle: (batch: number) => Promise<Disposition>,
): Consumer {
  async function work(job: Job<BatchJob>, token: string, closing: AbortSignal): Promise<void> {
    const { batch } = job.data;
    let disposition = await handle(batch);
    while (disposition.kind === "later") {
      const { delayMs } = disposition;
      const isOver = delayMs <= IN_HAND_MS_MAX && (await waitInHand(delayMs, closing));
      if (!isOver) throw Worker.RateLimitError();
      disposition = await handle(batch);
    }
    if (disposition.kind === "done") return;
    await stepAside(job, token, Math.min(ASIDE_MS_MAX, disposition.delayMs));
  }
  return new Consumer(account, OUTBOUND_QUEUE, options, work);
}

/** Offers the job again later, out of the way of the others and with no attempt counted. */
async function stepAside(job: Job, token: string, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + delayMs, token);
  throw new DelayedError();
}

/** Returns whether the wait came to its end; not when the consumer has to stop. */
async function waitInHand(delayMs: number, closing: AbortSignal): Promise<boolean> {
  await delay(delayMs, undefined, { signal: closing }).catch(() => {});
  return !closing.aborted;
}
