import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

/** What the generator, a process of its own, is told as JSON in its argument. */
export interface LoadOptions {
  url: string;
  key: string;
  seconds: number;
  perSec: number;
}

/** What it prints. */
export interface LoadResult {
  offered: number;
  accepted: number;
  refused: number;
  failed: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

const CONNECTIONS_MAX = 256;
const TURN_MS = 1;

const options = JSON.parse(process.argv[2] ?? "{}") as LoadOptions;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });
const latencies: number[] = [];
const counts = { accepted: 0, refused: 0, failed: 0 };

process.stdout.write(JSON.stringify(await run(options)));
agent.destroy();

/** Open loop: requests go out when they are due, and their latency begins then. */
async function run({ seconds, perSec }: LoadOptions): Promise<LoadResult> {
  const total = seconds * perSec;
  const startMs = performance.now();
  const answers: Promise<void>[] = [];
  while (answers.length < total) {
    const dueCount = Math.min(total, Math.floor(((performance.now() - startMs) * perSec) / 1_000));
    while (answers.length < dueCount) {
      const index = answers.length;
      answers.push(send(index, startMs + (index * 1_000) / perSec));
    }
    await delay(TURN_MS);
  }
  await Promise.all(answers);
  latencies.sort((a, b) => a - b);
  const at = (share: number) => {
    const index = Math.min(latencies.length - 1, Math.floor(latencies.length * share));
    return Math.round((latencies[index] ?? 0) * 10) / 10;
  };
  return { offered: total, ...counts, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

async function send(index: number, dueMs: number): Promise<void> {
  const status = await post(assetOf(index)).catch(() => null);
  latencies.push(performance.now() - dueMs);
  if (status === 202) counts.accepted += 1;
  else if (status === null) counts.failed += 1;
  else counts.refused += 1;
}

async function post(body: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const call = request(`${options.url}/v1/connectors/default/assets`, {
    agent,
    method: "POST",
    headers: {
      authorization: `Bearer ${options.key}`,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    },
  });
  call.once("error", reject);
  call.once("response", (response) => {
    response.once("end", () => resolve(response.statusCode ?? 0)).once("error", reject);
    response.resume();
  });
  call.end(body);
  return await promise;
}

/** About half a kilobyte. */
function assetOf(index: number): string {
  const name = `host-${index}`;
  return JSON.stringify({
    id: name,
    hostname: name,
    ip: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`,
    os: "Debian GNU/Linux 12 (bookworm)",
    memory_mb: 8_192,
    software: [
      { name: "openssl", version: "3.0.15" },
      { name: "nginx", version: "1.22.1" },
      { name: "python3", version: "3.11.2" },
    ],
    vulnerabilities: [{ cve: "CVE-2008-5161", severity: 2, port: 22, protocol: "TCP" }],
    last_seen: "2026-11-21T12:00:00Z",
  });
}
