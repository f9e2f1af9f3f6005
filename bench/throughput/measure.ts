import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { listRuns, openAccount, type Account } from "@sluice/queue";
import { SLUICE, startSluice, type Environment } from "../support/processes.ts";
import { startBenchRedis } from "../support/redis.ts";
import { startSandboxProcess } from "../support/sandbox-process.ts";
import { waitFor } from "../support/wait-for.ts";
import { BATCH_ASSETS, type WayOptions } from "./way.ts";

/** The ways that are compared, each a program that brings the whole file to the sandbox and ends. */
export const WAYS = [
  "transform alone",
  "script",
  "job per asset",
  "sluice push",
  "sluice, a process a role",
] as const;
export type Way = (typeof WAYS)[number];

/** What one way took, in one round. */
export interface WayFigures {
  way: Way;
  assetsPerSec: number;
  /** Of its processes and of Redis, but not of the sandbox. */
  cpuUsPerAsset: number;
  calls: number;
  /** How full the calls were, of a hundred assets each. */
  fill: number | null;
}

const ACCOUNT = "bench";
const CPU_LOOK_MS = 50;
/** The kernel counts the time of a process in hundredths of a second, on every machine that Node runs on. */
const TICK_US = 10_000;

/** Runs one way, with a Redis and a sandbox of its own. */
export async function measureWay(way: Way, file: string, assets: number): Promise<WayFigures> {
  await using redis = await startBenchRedis();
  await using sandbox = await startSandboxProcess({
    limit: 1_000_000,
    windowMs: 1_000,
    concurrency: 8,
    latencyMs: 0,
    isCounting: true,
  });
  await using account = await openAccount({ redisUrl: redis.url, account: ACCOUNT });
  const redisCpuUs = async () => cpuOfInfo(await account.client.info("cpu"));
  const { url, connectorUuid, username, password } = sandbox;
  const options = { file, url, connectorUuid, username, password, redisUrl: redis.url };
  const redisBeforeUs = await redisCpuUs();
  const { cpuUs, elapsedMs } = await go(way, options, account);
  const calls = await sandbox.callCount();
  return {
    way,
    assetsPerSec: (assets * 1_000) / elapsedMs,
    cpuUsPerAsset: (cpuUs + (await redisCpuUs()) - redisBeforeUs) / assets,
    calls,
    fill: calls === 0 ? null : assets / (calls * BATCH_ASSETS),
  };
}

interface Took {
  cpuUs: number;
  elapsedMs: number;
}

async function go(way: Way, options: WayOptions, account: Account): Promise<Took> {
  const beganMs = performance.now();
  const took = (cpuUs: number) => ({ cpuUs, elapsedMs: performance.now() - beganMs });
  const env = environmentOf(options);
  if (way === "sluice, a process a role") return await byRoles(options, account);
  if (way === "sluice push") {
    return took(await cpuUsOf(SLUICE, ["push", options.file, "--json"], env));
  }
  const program = fileURLToPath(new URL(`${way.replaceAll(" ", "-")}.ts`, import.meta.url));
  return took(await cpuUsOf(process.execPath, [program, JSON.stringify(options)], {}));
}

/** A worker and a sender that run already, as they do in production; from the producer's start to the last delivery. */
async function byRoles(options: WayOptions, account: Account): Promise<Took> {
  const env = environmentOf(options);
  await using worker = await startSluice(["up", "--role", "worker"], env);
  await using sender = await startSluice(["up", "--role", "sender"], env);
  const rolesUs = () => readCpuUs(worker.pid) + readCpuUs(sender.pid);
  const beforeUs = rolesUs();
  const beganMs = performance.now();
  const producerUs = await cpuUsOf(SLUICE, ["enqueue", options.file, "--json"], env);
  await waitFor("the run to be done", async () => {
    const [run] = await listRuns(account, 1);
    return run?.state === "done";
  });
  const elapsedMs = performance.now() - beganMs;
  return { cpuUs: producerUs + rolesUs() - beforeUs, elapsedMs };
}

function environmentOf(options: WayOptions): Environment {
  const { url, connectorUuid, username, password, redisUrl } = options;
  return {
    REDIS_URL: redisUrl,
    SLUICE_ACCOUNT: ACCOUNT,
    SLUICE_LOG_LEVEL: "error",
    QUALYS_GATEWAY_URL: url,
    QUALYS_USERNAME: username,
    QUALYS_PASSWORD: password,
    QUALYS_CONNECTOR_UUID: connectorUuid,
  };
}

/** Runs a program to its end; the processor time that it took, to about a twentieth of a second. */
async function cpuUsOf(
  command: string,
  args: readonly string[],
  env: Environment,
): Promise<number> {
  const child = spawn(command, args, {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const over = new AbortController();
  const ended = once(child, "close").finally(() => over.abort());
  let cpuUs = 0;
  while (!over.signal.aborted) {
    cpuUs = Math.max(cpuUs, readCpuUs(child.pid ?? 0));
    await delay(CPU_LOOK_MS, undefined, { signal: over.signal }).catch(() => {});
  }
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`${args.slice(0, 2).join(" ")} ended with ${code}`);
  return cpuUs;
}

/** 0 when the process has ended. */
function readCpuUs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * TICK_US;
  } catch {
    return 0;
  }
}

function cpuOfInfo(info: string): number {
  const seconds = [...info.matchAll(/^used_cpu_(?:user|sys):([\d.]+)/gm)];
  return seconds.reduce((sum, [, value]) => sum + Number(value) * 1e6, 0);
}
