import {
  endHolds,
  listRuns,
  openAccount,
  readPressure,
  recountPending,
  type Account,
  type Run,
} from "@sluice/queue";
import { sampleLines, type SampleOptions } from "@sluice/sources";
import { dueChunks } from "../support/due-chunks.ts";
import { readLoad } from "../support/machine.ts";
import { MemoryWatch, type MemoryUse } from "../support/memory-watch.ts";
import { feedSluice, startSluice, type Environment } from "../support/processes.ts";
import { startBenchRedis } from "../support/redis.ts";
import {
  startSandboxProcess,
  type SandboxAccess,
  type SandboxSettings,
} from "../support/sandbox-process.ts";
import { waitFor } from "../support/wait-for.ts";

export interface BacklogOptions extends Required<SampleOptions> {
  /** The mark of what may wait in Redis, in bytes; 0 for the default one. */
  queueBytesMax: number;
}

export interface BacklogFigures extends BacklogOptions {
  run: Run;
  /** Counted from where the records are, at the end. */
  pending: number;
  /** How many the sandbox was brought. */
  arrived: number;
  /** Whether the producer had to wait for the sandbox to come. */
  hasWaited: boolean;
  /** The most that waited, as it was counted; the most that Redis used, and of what. In megabytes. */
  waitingPeakMb: number;
  redisPeakMb: number;
  processes: readonly MemoryUse[];
  enqueueSec: number;
  drainSec: number;
  /** Of the machine at the end. */
  load: number;
}

const ACCOUNT = "bench";
/** More than anybody needs: the call budget is not what is measured. */
const LIMITS: SandboxSettings = {
  limit: 1_000_000,
  windowMs: 1_000,
  concurrency: 4,
  latencyMs: 0,
  isCheckOnly: true,
};
const LINES_AT_ONCE = 500;
const WAIT_MS_MAX = 3_600_000;

/**
 * A producer, a worker and a sender as processes, and a sandbox that is not there: the inventory heaps up in Redis, all of it or up to
 * the mark. Then the sandbox comes, and all is delivered.
 */
export async function measureBacklog(options: BacklogOptions): Promise<BacklogFigures> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startBenchRedis());
  const account = stack.use(await openAccount({ redisUrl: redis.url, account: ACCOUNT }));
  const access = await addressOfNobody();
  const env = environmentOf(redis.url, access, options);
  const peaks = { waiting: 0, used: 0 };
  const watch = stack.use(new MemoryWatch(() => notePeaks(account, peaks)));
  watch.add("redis", await pidOfRedis(account));
  for (const role of ["worker", "sender"]) {
    const { pid } = stack.use(await startSluice(["up", "--role", role], env));
    watch.add(role, pid);
  }
  const beganMs = performance.now();
  const producer = feedSluice(["enqueue", "-"], env, inventoryTexts(options));
  watch.add("producer", producer.pid);
  const enqueued = producer.ended.then(() => performance.now());
  const hasWaited = await heapUp(account, enqueued);

  const sandbox = stack.use(await startSandboxProcess({ ...LIMITS, before: access }));
  const cameMs = performance.now();
  await endHolds(account);
  const enqueuedMs = await enqueued;
  const run = await finished(account);
  return {
    ...options,
    run,
    pending: await recountPending(account, run.id),
    arrived: (await sandbox.calls()).reduce((sum, { assetCount }) => sum + (assetCount ?? 0), 0),
    hasWaited,
    waitingPeakMb: peaks.waiting / 1e6,
    redisPeakMb: peaks.used / 1e6,
    processes: watch.uses(),
    enqueueSec: (enqueuedMs - beganMs) / 1_000,
    drainSec: (performance.now() - cameMs) / 1_000,
    load: readLoad(),
  };
}

/** A sandbox that was there, and is gone. */
async function addressOfNobody(): Promise<SandboxAccess> {
  await using sandbox = await startSandboxProcess(LIMITS);
  const { url, connectorUuid, username, password } = sandbox;
  return { url, connectorUuid, username, password };
}

function environmentOf(
  redisUrl: string,
  { url, connectorUuid, username, password }: SandboxAccess,
  { queueBytesMax }: BacklogOptions,
): Environment {
  return {
    REDIS_URL: redisUrl,
    SLUICE_ACCOUNT: ACCOUNT,
    SLUICE_LOG_LEVEL: "error",
    SLUICE_QUEUE_BYTES_MAX: String(queueBytesMax),
    QUALYS_GATEWAY_URL: url,
    QUALYS_USERNAME: username,
    QUALYS_PASSWORD: password,
    QUALYS_CONNECTOR_UUID: connectorUuid,
  };
}

function* inventoryTexts(options: SampleOptions): Generator<string> {
  let lines: string[] = [];
  for (const line of sampleLines(options)) {
    lines.push(`${line}\n`);
    if (lines.length < LINES_AT_ONCE) continue;
    yield lines.join("");
    lines = [];
  }
  yield lines.join("");
}

async function notePeaks(
  account: Account,
  peaks: { waiting: number; used: number },
): Promise<void> {
  const { waiting, used } = await readPressure(account);
  peaks.waiting = Math.max(peaks.waiting, waiting);
  peaks.used = Math.max(peaks.used, used);
}

async function pidOfRedis({ client }: Account): Promise<number> {
  return Number(/process_id:(\d+)/.exec(await client.info("server"))?.[1]);
}

/** Resolves when all is enqueued and no worker has anything to do, to false; or when the producer has to wait, to true. */
async function heapUp(account: Account, enqueued: Promise<unknown>): Promise<boolean> {
  let isEnqueued = false;
  enqueued.then(
    () => (isEnqueued = true),
    () => {},
  );
  return await waitFor(
    "the backlog",
    async () => {
      if ((await dueChunks(account)) > 0) return false;
      if (isEnqueued) return { hasWaited: false };
      return (await isProducerWaiting(account)) && { hasWaited: true };
    },
    { waitMsMax: WAIT_MS_MAX, everyMs: 100 },
  ).then(({ hasWaited }) => hasWaited);
}

/** What was refused to whom is written beside what waits. */
async function isProducerWaiting({ client, base }: Account): Promise<boolean> {
  const fields = await client.hkeys(`${base}bytes`);
  return fields.some((field) => field.startsWith("full "));
}

async function finished(account: Account): Promise<Run> {
  return await waitFor(
    "the end of the run",
    async () => (await listRuns(account)).find(({ state }) => state === "done"),
    { waitMsMax: WAIT_MS_MAX, everyMs: 200 },
  );
}
