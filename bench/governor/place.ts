import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAccount, type Account } from "@sluice/queue";
import { sampleLines } from "@sluice/sources";
import { runSluice, type Environment } from "../support/processes.ts";
import { startBenchRedis } from "../support/redis.ts";
import {
  startSandboxProcess,
  type SandboxProcess,
  type SandboxSettings,
} from "../support/sandbox-process.ts";

/** A sandbox process, and an account on a Redis of its own. */
export interface Place extends AsyncDisposable {
  account: Account;
  sandbox: SandboxProcess;
  /** For roles that are to work there. */
  env: Environment;
}

export interface Backlog {
  assets: number;
  assetsPerCall: number;
  seed: number;
}

const ACCOUNT = "bench";

/** Opens a place in which a backlog is enqueued, and nobody is at work yet. */
export async function openPlace(limits: SandboxSettings, backlog: Backlog): Promise<Place> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startBenchRedis());
  const account = stack.use(await openAccount({ redisUrl: redis.url, account: ACCOUNT }));
  const sandbox = stack.use(await startSandboxProcess(limits));
  const env = {
    REDIS_URL: redis.url,
    SLUICE_ACCOUNT: ACCOUNT,
    SLUICE_LOG_LEVEL: "warn",
    SLUICE_BATCH_ASSETS_MAX: String(backlog.assetsPerCall),
    QUALYS_GATEWAY_URL: sandbox.url,
    QUALYS_USERNAME: sandbox.username,
    QUALYS_PASSWORD: sandbox.password,
    QUALYS_CONNECTOR_UUID: sandbox.connectorUuid,
  };
  await enqueue(backlog, env);
  const owned = stack.move();
  return { account, sandbox, env, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function enqueue({ assets, seed }: Backlog, env: Environment): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "sluice-bench-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const inventory = join(dir, "inventory.ndjson");
  const lines = sampleLines({ assets, seed, profile: "low-entropy" });
  await writeFile(
    inventory,
    lines.map((line) => `${line}\n`),
  );
  await runSluice(["enqueue", inventory], env);
}
