import { randomBytes } from "node:crypto";
import type { ChunkRecord } from "@sluice/inventory";
import { enqueueChunk, type Account, type Lane, type Queues } from "@sluice/queue";
import { pause } from "@sluice/service";
import type { SourceFile, SourceRecord } from "@sluice/sources";
import { OpenChunk } from "./open-chunk.ts";

export interface ProduceOptions {
  account: Account;
  queues: Queues;
  run: string;
  lane: Lane;
  sources: readonly SourceFile[];
  signal: AbortSignal;
  /** Records of these sources that the run has already. Default 0. */
  skip?: number;
  /** Whether to stop behind this record. Default: never. */
  isLast?: (record: SourceRecord) => Promise<boolean>;
  /** Told when it begins to wait because too much waits in Redis. */
  onFull?: () => Promise<void>;
  /** Told when it stops because the connector takes nothing any more. */
  onDisabled?: () => void;
}

const FULL_WAIT_MS = 250;

/**
 * Enqueues the sources' records as chunks of a run, in order, never more than a chunk in memory. Returns whether
 * it came to the end; false when the signal stopped it, or its connector was disabled: then `skip` with the run's
 * `read` continues.
 */
export async function produce(options: ProduceOptions): Promise<boolean> {
  try {
    return await enqueueAll(options);
  } catch (error) {
    // A source that is being read ends with the signal's own error.
    if (options.signal.aborted && isAbort(error)) return false;
    throw error;
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

async function enqueueAll(options: ProduceOptions): Promise<boolean> {
  const enqueue = createEnqueuer(options);
  let left = options.skip ?? 0;
  for (const file of options.sources) {
    const chunk = new OpenChunk();
    try {
      for await (const slice of file.records(options.signal)) {
        for (const record of slice) {
          const isLast = options.isLast ? await options.isLast(record) : false;
          if (left > 0) left -= 1;
          else chunk.add(record);
          const isDue = chunk.isFull || (isLast && !chunk.isEmpty);
          if (isDue && !(await enqueue(file.source, chunk.take()))) return false;
          if (isLast) return true;
        }
      }
    } catch (error) {
      // What a source gave before it broke goes on.
      if (!chunk.isEmpty && !options.signal.aborted) await enqueue(file.source, chunk.take());
      throw error;
    }
    if (options.signal.aborted) return false;
    if (!chunk.isEmpty && !(await enqueue(file.source, chunk.take()))) return false;
  }
  return true;
}

/** Enqueues one chunk, waiting while Redis has enough. Resolves to false when the signal came first, or it is not taken. */
function createEnqueuer({ account, queues, run, lane, signal, ...options }: ProduceOptions) {
  const producer = randomBytes(6).toString("hex");
  let ordinal = 0;
  let read = options.skip ?? 0;
  return async function enqueue(source: string, records: readonly ChunkRecord[]): Promise<boolean> {
    ordinal += 1;
    let isWaiting = false;
    while (!signal.aborted) {
      const place = { run, lane, producer, ordinal, position: read };
      const enqueued = await enqueueChunk(account, queues, place, { source, records });
      if (enqueued.kind === "enqueued") {
        read += records.length;
        return true;
      }
      if (enqueued.kind === "moved") {
        throw new Error(
          `Cannot go on with run ${run}: another process enqueues into it; let that one finish, or stop it`,
        );
      }
      if (enqueued.kind === "disabled") {
        options.onDisabled?.();
        return false;
      }
      if (enqueued.kind === "closed") {
        throw new Error(`Cannot enqueue into run ${run}: it is ${enqueued.state}; start a new one`);
      }
      if (!isWaiting) await options.onFull?.();
      isWaiting = true;
      await pause(FULL_WAIT_MS, signal);
    }
    return false;
  };
}
