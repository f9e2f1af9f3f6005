import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { createApiKey } from "@sluice/producer";
import { listRuns, openAccount } from "@sluice/queue";
import type { LoadOptions, LoadResult } from "./intake-load.ts";
import { startBenchRedis } from "./support/redis.ts";

/** What the bench prints. */
interface IntakeReport {
  offeredPerSec: number;
  seconds: number;
  offered: number;
  accepted: number;
  refused: number;
  failed: number;
  /** Accepted, and not in the books. Always 0. */
  lost: number;
  /** From when a request should have been sent to its answer, in milliseconds. */
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  /** Of the intake, at the end and at its highest. */
  residentMb: number;
  residentMbMax: number;
  cpuPerRequestUs: number;
}

const PER_SEC = 2_000;
const LOAD = new URL("./intake-load.ts", import.meta.url).pathname;
const SLUICE = new URL("../apps/sluice/bin/sluice", import.meta.url).pathname;

/**
 * An intake process, a Redis that syncs every write, and a load generator of its own: 2,000 requests a second of one asset each, sent
 * when they are due whether or not earlier ones were answered.
 */
export async function intakeBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "30" },
      "per-sec": { type: "string", default: String(PER_SEC) },
      json: { type: "boolean", default: false },
    },
  });
  const report = await measure(Number(values.seconds), Number(values["per-sec"]));
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : table(report));
}

async function measure(seconds: number, perSec: number): Promise<IntakeReport> {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "sluice-bench-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const { url: redisUrl } = stack.use(await startBenchRedis());
  const { key, line } = createApiKey("bench");
  await writeFile(join(dir, "keys"), `${line}\n`);
  const intake = spawn(SLUICE, ["up", "--role", "producer", "--json"], {
    cwd: dir,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],

      ...settingsOf(redisUrl, join(dir, "keys")),
    },
  });
  stack.defer(() => end(intake));
  const [first] = (await once(createInterface(intake.stdout), "line")) as [string];
  const { intake: url, pid } = JSON.parse(first) as { intake: string; pid: number };
  const load = await generate({ url, key, seconds, perSec });
  const { residentMb, residentMbMax, cpuMs } = readProcess(pid);
  await using account = await openAccount({ redisUrl, account: "bench" });
  const stored = (await listRuns(account)).reduce((sum, { read }) => sum + read, 0);
  const { offered, accepted, ...rest } = load;
  return {
    offeredPerSec: perSec,
    seconds,
    offered,
    accepted,
    ...rest,
    lost: Math.max(0, accepted - stored),
    residentMb,
    residentMbMax,
    cpuPerRequestUs: Math.round((cpuMs * 1_000) / offered),
  };
}

function settingsOf(redisUrl: string, keysFile: string): Record<string, string> {
  return {
    REDIS_URL: redisUrl,
    SLUICE_ACCOUNT: "bench",
    SLUICE_LOG_LEVEL: "warn",
    SLUICE_INTAKE_PORT: "0",
    SLUICE_INTAKE_KEYS_FILE: keysFile,
    QUALYS_GATEWAY_URL: "http://127.0.0.1:1",
    QUALYS_CONNECTOR_UUID: "da4b8361-2327-4bf1-af7d-2ce775bc9882",
  };
}

async function generate(options: LoadOptions): Promise<LoadResult> {
  const child = spawn(process.execPath, [LOAD, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return (await json(child.stdout)) as LoadResult;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

/** What Linux knows of a process: its memory, and the CPU time it has taken (in ticks of 10 ms). */
function readProcess(pid: number): { residentMb: number; residentMbMax: number; cpuMs: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mb = (name: string) => {
    const kb = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1];
    return Math.round(Number(kb) / 1_024);
  };
  const ticks = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  const cpuMs = (Number(ticks[11]) + Number(ticks[12])) * 10;
  return { residentMb: mb("VmRSS"), residentMbMax: mb("VmHWM"), cpuMs };
}

function table(report: IntakeReport): string {
  const rows = [
    ["offered", `${report.offered} in ${report.seconds} s (${report.offeredPerSec}/s)`],
    ["accepted (202)", String(report.accepted)],
    ["refused, failed", `${report.refused}, ${report.failed}`],
    ["lost", String(report.lost)],
    ["answer p50, p99, max", `${report.p50Ms}, ${report.p99Ms}, ${report.maxMs} ms`],
    ["memory at the end, at most", `${report.residentMb}, ${report.residentMbMax} MB`],
    ["CPU of the intake", `${report.cpuPerRequestUs} us a request`],
  ];
  return rows.map(([name = "", value]) => `${name.padEnd(28)}${value}\n`).join("");
}
