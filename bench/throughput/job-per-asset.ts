import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { mappingPolicy, transformRecord } from "@sluice/inventory";
import { Queue, Worker } from "bullmq";
import { BATCH_ASSETS, openImport, wayOptions } from "./way.ts";

const ADDED_AT_ONCE = 500;
const WORKER_CONCURRENCY = 200;

/**
 * The obvious way with BullMQ, in one process: a job for each asset, a worker that transforms, and a batch whenever a hundred are
 * done. A job is over when its batch was accepted.
 */
const options = wayOptions();
const policy = mappingPolicy({ connectorUuid: options.connectorUuid });
const post = await openImport(options);
const connection = { path: options.redisUrl, maxRetriesPerRequest: null };
const queue = new Queue<{ text: string }>("assets", { connection });

let waiting: { body: string; done: () => void }[] = [];
let [added, done, isRead] = [0, 0, false];
const all = Promise.withResolvers<void>();

/** A full batch, or the last one. */
async function flushIfDue(): Promise<void> {
  const isLast = isRead && waiting.length > 0 && done + waiting.length === added;
  if (waiting.length < BATCH_ASSETS && !isLast) return;
  const batch = waiting;
  waiting = [];
  await post(batch.map(({ body }) => body));
  for (const job of batch) job.done();
}

const worker = new Worker<{ text: string }>(
  "assets",
  async ({ data }) => {
    const transformed = transformRecord(data.text, policy);
    if (transformed.kind !== "asset") throw new Error("Cannot measure: a record is dead");
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push({ body: transformed.body, done: resolve });
    await flushIfDue();
    await promise;
    done += 1;
    await flushIfDue();
    if (isRead && done === added) all.resolve();
  },
  { connection, concurrency: WORKER_CONCURRENCY, removeOnComplete: { count: 0 } },
);

let texts: string[] = [];
const add = async () => {
  const jobs = texts.map((text) => ({ name: "asset", data: { text } }));
  texts = [];
  added += jobs.length;
  await queue.addBulk(jobs);
};
for await (const line of createInterface({ input: createReadStream(options.file) })) {
  texts.push(line);
  if (texts.length === ADDED_AT_ONCE) await add();
}
await add();
isRead = true;
await flushIfDue();
await all.promise;
await worker.close();
await queue.close();
