import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent, request, type IncomingMessage } from "node:http";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

/** What one measurement found. */
interface SandboxRate {
  mode: string;
  assets: number;
  /** By the clock, the load generator working beside it. */
  assetsPerSec: number;
  /** By the CPU time of the sandbox alone: what it could do with a core of its own. */
  assetsPerCpuSec: number;
  residentMb: number;
}

interface RunningSandbox {
  url: string;
  connectorUuid: string;
  username: string;
  password: string;
}

const ASSETS_PER_CALL = 100;
const CALLS_AT_ONCE = 4;
const SLUICE = new URL("../apps/sluice/bin/sluice", import.meta.url).pathname;
const IMPORT = "/rest/2.0/am/connector/asset/data/sync";

/** How fast the sandbox takes imports of 100 assets in each of its modes, and with identification by three rules. */
export async function sandboxBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      assets: { type: "string", default: "100000" },
      json: { type: "boolean", default: false },
    },
  });
  const assets = Number(values.assets);
  const rates = [
    await withSandbox([], (sandbox, pid) => measureIdentified(sandbox, pid, assets)),
    await withSandbox(["--check-only"], (sandbox, pid) => measure("checks", sandbox, pid, assets)),
    await withSandbox(["--counting"], (sandbox, pid) =>
      measure("counting", sandbox, pid, assets * 5),
    ),
  ].flat();
  process.stdout.write(values.json ? `${JSON.stringify(rates)}\n` : table(rates));
}

/** New assets first, then the same hosts from another connector, each of which a rule has to find. */
async function measureIdentified(
  sandbox: RunningSandbox,
  pid: number,
  assets: number,
): Promise<SandboxRate[]> {
  const create = { method: "POST", body: JSON.stringify({ name: "second" }) };
  const response = await fetch(`${sandbox.url}/sandbox/connectors`, create);
  const second = ((await response.json()) as { uuid: string }).uuid;
  for (const uuid of [sandbox.connectorUuid, second]) await selectRules(sandbox.url, uuid);
  const merged = { ...sandbox, connectorUuid: second };
  return [
    await measure("identified, created", sandbox, pid, assets),
    await measure("identified, merged", merged, pid, assets),
  ];
}

async function selectRules(url: string, uuid: string): Promise<void> {
  const rule = (attribute: string) => ({
    name: attribute,
    attributes: [attribute],
    required: true,
  });
  const rules = [rule("serialNumber"), rule("macAddress"), rule("fqdn")];
  const identification = { rules, createUnmanagedAsset: true, applyDefaultRule: true };
  const body = JSON.stringify(identification);
  const target = `${url}/sandbox/connectors/${uuid}/identification`;
  const { ok } = await fetch(target, { method: "PUT", body });
  if (!ok) throw new Error("Cannot select the rules");
}

async function measure(
  mode: string,
  sandbox: RunningSandbox,
  pid: number,
  assets: number,
): Promise<SandboxRate> {
  const calls = assets / ASSETS_PER_CALL;
  const prepared = Math.min(calls, 1_000);
  const bodies = Array.from({ length: prepared }, (_, call) => importBody(sandbox, call));
  const form = new URLSearchParams({ username: sandbox.username, password: sandbox.password });
  const token = await (await fetch(`${sandbox.url}/auth`, { method: "POST", body: form })).text();
  using agent = new DisposableAgent({ keepAlive: true, maxSockets: CALLS_AT_ONCE });
  const cpuMs = readProcess(pid).cpuMs;
  const startMs = performance.now();
  let next = 0;
  const send = async () => {
    while (next < calls) {
      const call = next++;
      const body = call < prepared ? bodies[call] : importBody(sandbox, call);
      await post(`${sandbox.url}${IMPORT}`, token, body ?? Buffer.alloc(0), agent);
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, send));
  const elapsedMs = performance.now() - startMs;
  const after = readProcess(pid);
  const perSec = (durationMs: number) => Math.round((assets * 1_000) / durationMs);
  return {
    mode,
    assets,
    assetsPerSec: perSec(elapsedMs),
    assetsPerCpuSec: perSec(after.cpuMs - cpuMs),
    residentMb: after.residentMb,
  };
}

function importBody({ connectorUuid }: RunningSandbox, call: number): Buffer {
  const first = call * ASSETS_PER_CALL;
  const assets = Array.from({ length: ASSETS_PER_CALL }, (_, index) =>
    assetOf(first + index, connectorUuid),
  );
  return Buffer.from(
    JSON.stringify({
      connectorMetaData: {
        requestId: `bench-${call}`,
        assetCount: assets.length,
        source: "WEBHOOK",
        connectorUuid,
      },
      assetData: assets,
    }),
  );
}

/** The same host for every connector, under a key that only the connector uses. */
function assetOf(host: number, connectorUuid: string) {
  const name = `host-${host}`;
  const address = `10.${(host >> 16) & 255}.${(host >> 8) & 255}.${host & 255}`;
  return {
    identityAttributes: {
      qualysAssetId: null,
      sourceNativeKey: `${connectorUuid.slice(0, 8)}-${host}`,
      netBiosName: name,
      fqdn: `${name}.example.com`,
      ipAddress: [address],
      macAddress: host.toString(16).padStart(12, "0"),
      // Most inventories lack serial numbers: the second rule has to decide.
      ...(host % 10 === 0 && { serialNumber: `SN-${host}` }),
    },
    coreAttributes: {
      operatingSystem: "Debian 13",
      address,
      netBiosName: name,
      isContainer: false,
      biosInfo: { totalMemory: 8_192 },
      softwares: ["Python", "Apache", "OpenSSL"].map((product) => ({
        name: product,
        version: `${host % 7}.2`,
        isSystemApp: false,
        isEnterpriseApp: false,
      })),
      ports: [{ port: 22, protocol: "TCP" }],
    },
    findings: [
      {
        id: "CVE-2008-5161",
        name: "CVE-2008-5161",
        category: "VULNERABILITY",
        severity: 2,
        port: 22,
        protocol: "TCP",
        findingStatus: "ACTIVE",
        findingType: { vulnerability: { cveId: "CVE-2008-5161" } },
      },
    ],
  };
}

class DisposableAgent extends Agent implements Disposable {
  [Symbol.dispose](): void {
    this.destroy();
  }
}

async function post(url: string, token: string, body: Buffer, agent: Agent): Promise<void> {
  const call = request(url, {
    agent,
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-length": body.length },
  });
  call.end(body);
  const [response] = (await once(call, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  if (response.statusCode !== 200) throw new Error(`The sandbox answered ${response.statusCode}`);
}

async function withSandbox<T>(
  flags: readonly string[],
  work: (sandbox: RunningSandbox, pid: number) => Promise<T>,
): Promise<T> {
  const limits = ["--limit", "1000000", "--window-sec", "10", "--concurrency", "16"];
  const child = spawn(SLUICE, ["sandbox", "--json", "--port", "0", ...limits, ...flags], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    return await work(JSON.parse(line) as RunningSandbox, child.pid ?? 0);
  } finally {
    await end(child);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

/** What Linux knows of a process: its memory, and the CPU time it has taken (in ticks of 10 ms). */
function readProcess(pid: number): { residentMb: number; cpuMs: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const residentKb = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
  const ticks = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return {
    residentMb: Math.round(residentKb / 1_024),
    cpuMs: (Number(ticks[11]) + Number(ticks[12])) * 10,
  };
}

function table(rates: readonly SandboxRate[]): string {
  const rows = rates.map(
    ({ mode, assets, assetsPerSec, assetsPerCpuSec, residentMb }) =>
      `| ${mode} | ${assets} | ${assetsPerSec} | ${assetsPerCpuSec} | ${residentMb} |`,
  );
  return [
    `on ${availableParallelism()} cores, the load generator beside it, ${CALLS_AT_ONCE} calls at once, ${ASSETS_PER_CALL} assets a call`,
    "| mode | assets | assets/s | assets per CPU second of the sandbox | resident MB |",
    "|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
