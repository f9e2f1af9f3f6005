import type { Chunk, Transform } from "@sluice/inventory";
import {
  BatchStage,
  createNewerReport,
  createTransformStage,
  Duty,
  type Isolation,
  type Report,
  type RunningRole,
} from "@sluice/pipeline";
import {
  admitChunk,
  backlogConnectors,
  beginTry,
  consumeChunks,
  cut,
  disabledConnectors,
  fillBatch,
  holdAtLetterBound,
  isHeldForLetters,
  loadChunk,
  NewerFormatError,
  noteDeath,
  readDeaths,
  RecentSegments,
  recallChunks,
  settle,
  sweep,
  Wakes,
  type Account,
  type ChunkDisposition,
  type Queues,
} from "@sluice/queue";
import { IsolatedProcess, type TransformRecipe } from "./isolated-process.ts";

/** How a connector's assets share calls. */
export interface WorkerSettings {
  assetsMax: number;
  bytesMax: number;
  lingerMs: number;
}

export interface WorkerOptions {
  account: Account;
  queues: Queues;
  /** How a connector's records become assets; null when it is not one of ours. */
  transformOf: (connector: string) => Transform | null;
  /** How a process of its own makes the same, for records that may end it. */
  recipeOf: (connector: string) => TransformRecipe;
  /** How its assets are batched; null when it is not one of ours, and another worker's to cut. */
  limitsOf: (connector: string) => WorkerSettings | null;
  report: Report;
}

const CHUNKS_AT_ONCE = 2;
const SWEEP_MS = 10_000;
/** About how long a chunk steps aside for a worker that knows its connector: by chance, so that another one takes it. */
const LEFT_MS = 10_000;
/** How long a held connector's chunk steps aside; whoever ends the hold brings it back at once. */
const ASIDE_MS = 60_000;

/**
 * Transforms chunks and cuts batches until disposed of. Any number of workers, anywhere: all decisions are made in
 * Redis.
 */
export async function startWorker(options: WorkerOptions): Promise<RunningRole> {
  const { account, queues, report } = options;
  await using stack = new AsyncDisposableStack();
  const chunks = new Duty("take a chunk", (work) => work.chunks > 0);
  // Whatever it finds, a round has asked Redis what can be cut.
  const rounds = new Duty("cut a batch", (work) => work.connectors > 0);
  const leave = createNewerReport(report);
  function onError(error: Error): void {
    if (error instanceof NewerFormatError) leave("chunk", error);
    else report({ event: "trouble", stage: "transform", message: error.message });
  }
  const leaving = new AbortController();
  const transform = createTransformStage({
    loadChunk: (sequence) => loadUnlessDisabled(account, sequence),
    beginTry: (sequence) => beginTry(account, sequence),
    readDeaths: (sequence, records) => readDeaths(account, sequence, records),
    noteDeath: (sequence, index, how) => noteDeath(account, sequence, index, how),
    isolate: (connector) =>
      patiently(chunks, new IsolatedProcess(options.recipeOf(connector), leaving.signal)),
    settle: (sequence, settlement) => settle(account, sequence, settlement),
    onBuried: async (connector) => {
      const hold = await holdAtLetterBound(account, connector);
      if (hold) report({ event: "send.held", ...hold, until: null, callsToGo: 0, done: null });
    },
    transformOf: options.transformOf,
    report,
  });
  async function take(sequence: number): Promise<ChunkDisposition | void> {
    if (await isHeldForLetters(account, sequence)) return { kind: "aside", delayMs: ASIDE_MS };
    const outcome = await transform(sequence);
    if (outcome === "left") return { kind: "aside", delayMs: LEFT_MS * (0.5 + Math.random()) };
  }
  async function takeInTime(sequence: number): Promise<ChunkDisposition | void> {
    if (await admitChunk(account, queues, sequence)) return await take(sequence);
  }
  const stage = createBatchStage(options, rounds, leave);
  const stopping = new AbortController();
  const running = stage.run(stopping.signal);
  stack.defer(async () => {
    stopping.abort();
    await running;
  });
  stack.use(await Wakes.subscribe(account, () => stage.wake()));
  const sweeper = setInterval(() => {
    sweep(account, queues).catch(onError);
  }, SWEEP_MS);
  stack.defer(() => clearInterval(sweeper));
  const consuming = { concurrency: CHUNKS_AT_ONCE, onError };
  stack.use(consumeChunks(account, "live", consuming, (one) => chunks.carry(() => take(one))));
  stack.use(
    consumeChunks(account, "backfill", consuming, (one) => chunks.carry(() => takeInTime(one))),
  );
  // A chunk in isolation may take minutes: the next worker goes on with it.
  stack.defer(() => leaving.abort());
  const owned = stack.move();
  return { duties: [chunks, rounds], [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The chunk of a disabled connector stays where it is, without a job: it gets one when the connector is enabled. */
async function loadUnlessDisabled(account: Account, sequence: number): Promise<Chunk | null> {
  const chunk = await loadChunk(account, sequence);
  const disabled = await disabledConnectors(account);
  return chunk !== null && disabled.has(chunk.connector) ? null : chunk;
}

/** A record in isolation has a time limit of its own, and there may be hundreds. */
function patiently(chunks: Duty, isolation: Isolation): Isolation {
  return {
    transform: (record) => chunks.waitFor(() => isolation.transform(record)),
    [Symbol.asyncDispose]: () => isolation[Symbol.asyncDispose](),
  };
}

function createBatchStage(
  { account, queues, report, limitsOf }: WorkerOptions,
  rounds: Duty,
  leave: ReturnType<typeof createNewerReport>,
): BatchStage {
  const recent = new RecentSegments(account);
  return new BatchStage({
    backlog: async () => {
      await recallChunks(account, queues);
      const connectors = await backlogConnectors(account);
      rounds.done();
      return connectors;
    },
    cut: async (connector) => {
      const limits = limitsOf(connector);
      if (limits === null) return { kind: "empty" };
      const outcome = await cut(account, { connector, ...limits });
      if (outcome.kind !== "newer") return outcome;
      leave("segment", outcome);
      return { kind: "empty" };
    },
    publish: async (batch, lane) => {
      await fillBatch(account, batch, recent);
      await queues.addBatch(batch, lane);
    },
    report,
  });
}
