import { randomUUID } from "node:crypto";
import { CsamClient } from "@sluice/csam";
import { defaultPolicy, type Policy } from "@sluice/governor";
import { createTransform, importPayload, mappingPolicy } from "@sluice/inventory";
import type { PipelineEvent } from "@sluice/pipeline";
import {
  openRun,
  Queues,
  readRun,
  sealRun,
  enqueueChunk,
  type Account,
  type Lane,
  type Run,
} from "@sluice/queue";
import { startSandbox, type Sandbox, type SandboxOptions } from "@sluice/sandbox";
import { startSender } from "@sluice/sender";
import { Secret } from "@sluice/service";
import { startWorker } from "@sluice/worker";
import { vi } from "vitest";
import { freshAccount } from "./accounts.ts";

export interface HouseOptions {
  sandbox?: SandboxOptions;
  assetsMax?: number;
  bytesMax?: number;
  lingerMs?: number;
  senders?: number;
  /** Where its Redis is. Default: the tests'. */
  redisUrl?: string;
  callTimeoutMs?: number;
  policy?: Partial<Policy>;
}

/** The whole of Sluice in this process, on a real Redis and against a real sandbox. */
export interface House extends AsyncDisposable {
  sandbox: Sandbox;
  account: Account;
  queues: Queues;
  /** All that was reported, in order. */
  events: PipelineEvent[];
  /** Enqueues records as one run, sealed; resolves when its chunks are in Redis. */
  load(records: readonly object[], lane?: Lane): Promise<string>;
  /** The run when nothing of it is pending any more. */
  finished(run: string): Promise<Run>;
  /** Loads and waits. */
  push(records: readonly object[]): Promise<Run>;
  /** One call by another user of the same subscription. */
  callFromElsewhere(): Promise<void>;
}

/** The module by which an isolated process makes a connector's transform. */
export const LOADER = new URL("../../apps/sluice/src/mapping/load-transform.ts", import.meta.url)
  .href;
const FINISH_MS_MAX = 40_000;

export async function startHouse(options: HouseOptions = {}): Promise<House> {
  await using stack = new AsyncDisposableStack();
  const sandbox = stack.use(
    await startSandbox({ limit: 1_000, windowMs: 1_000, concurrency: 2, ...options.sandbox }),
  );
  const account = stack.use(await freshAccount(options.redisUrl));
  const queues = stack.use(new Queues(account));
  const events: PipelineEvent[] = [];
  const report = (event: PipelineEvent) => void events.push(event);
  const policy = mappingPolicy({ connectorUuid: sandbox.connectorUuid });
  const transform = createTransform(policy);
  const { assetsMax = 100, bytesMax = 1_000_000, lingerMs = 0, callTimeoutMs = 20_000 } = options;
  for (let count = 0; count < (options.senders ?? 1); count += 1) {
    const client = stack.use(clientOf(sandbox, callTimeoutMs));
    const policy = { ...defaultPolicy, ...options.policy };
    const settings = { sourceOf: () => "WEBHOOK", callTimeoutMs, policy };
    stack.use(await startSender({ account, queues, client, report, ...settings }));
  }
  const transformOf = () => transform;
  const recipeOf = () => ({ module: LOADER, settings: { policy, mapping: null } });
  const limitsOf = () => ({ assetsMax, bytesMax, lingerMs });
  stack.use(await startWorker({ account, queues, transformOf, recipeOf, limitsOf, report }));

  async function load(records: readonly object[], lane: Lane = "backfill"): Promise<string> {
    const connector = sandbox.connectorUuid;
    const run = await openRun(account, { connector, lane, description: { sources: [] } });
    for (let at = 0, ordinal = 1; at < records.length; at += 250, ordinal += 1) {
      const part = records.slice(at, at + 250);
      const chunk = part.map((record, index) => ({
        text: JSON.stringify(record),
        line: at + index + 1,
      }));
      await enqueueChunk(
        account,
        queues,
        { run, lane, producer: "test", ordinal },
        { source: "test", records: chunk },
      );
    }
    await sealRun(account, run);
    return run;
  }

  async function finished(id: string): Promise<Run> {
    return await vi.waitFor(
      async () => {
        const run = await readRun(account, id);
        if (run?.state !== "done")
          throw new Error(`run ${id} is ${run?.state}, ${run?.pending} pending`);
        return run;
      },
      { timeout: FINISH_MS_MAX, interval: 20 },
    );
  }

  const push = async (records: readonly object[]) => await finished(await load(records));
  const foreigner = stack.use(clientOf(sandbox, callTimeoutMs));
  async function callFromElsewhere(): Promise<void> {
    const asset = {
      identityAttributes: { qualysAssetId: null, sourceNativeKey: "elsewhere" },
      coreAttributes: { isContainer: false },
    };
    const requestId = randomUUID();
    const assets = [Buffer.from(JSON.stringify(asset))];
    const payload = importPayload({
      requestId,
      source: "OTHER",
      connectorUuid: sandbox.connectorUuid,
      assets,
    });
    const { status, body } = await foreigner.importAssets({ requestId, payload, assets: () => [] });
    if (status !== 200) throw new Error(`the other user was answered ${status}: ${body}`);
  }

  const owned = stack.move();
  const dispose = () => owned.disposeAsync();
  return {
    sandbox,
    account,
    queues,
    events,
    load,
    finished,
    push,
    callFromElsewhere,
    [Symbol.asyncDispose]: dispose,
  };
}

function clientOf(sandbox: Sandbox, callTimeoutMs: number): CsamClient {
  const { url, username, password } = sandbox;
  return new CsamClient({
    gatewayUrl: url,
    credentials: { kind: "password", username, password: new Secret(password) },
    callTimeoutMs,
  });
}
