import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { BehaviourChanges, LimitChanges, SandboxCall } from "@sluice/sandbox";
import { once } from "node:events";
import type { JsonFault } from "./faults.ts";
import { spawnSluice } from "./kept-process.ts";

/** One asset of one call, as the sandbox's API shows it. */
export interface Receipt {
  number: number;
  call: number;
  sourceNativeKey: string;
  outcome: "imported" | "refused" | "ignored";
  received: { coreAttributes: { operatingSystem: string } };
}

/** What the sandbox holds of one asset. */
export interface HeldAsset {
  sourceNativeKey: string;
  received: Receipt["received"];
}

/** The sandbox as a process of its own, and the routes by which it is steered and audited. */
export interface SandboxProcess extends AsyncDisposable {
  readonly url: string;
  readonly username: string;
  readonly clientId: string;
  readonly clientSecret: string;
  setFaults(seed: number, faults: readonly JsonFault[]): Promise<void>;
  setLimits(changes: LimitChanges): Promise<void>;
  behave(changes: BehaviourChanges): Promise<void>;
  enableConnector(uuid: string, enabled: boolean): Promise<void>;
  /** Every import call with its keys, oldest first. */
  calls(): Promise<SandboxCall[]>;
  /** Every asset of every call, oldest first. */
  receipts(): Promise<Receipt[]>;
  held(): Promise<HeldAsset[]>;
  tokens(): Promise<string[]>;
}

interface StartOptions {
  dir: string;
  logs: string;
  password: string;
  connector: string;
}

const START_MS_MAX = 60_000;
const LIMITS = ["--limit", "12", "--window-sec", "4", "--concurrency", "2"];

export async function startSandboxProcess(options: StartOptions): Promise<SandboxProcess> {
  const { dir, logs, password, connector } = options;
  const log = join(logs, "sandbox.out");
  const store = ["--store", join(dir, "sandbox.db"), "--receipts", "--connector", connector];
  const args = ["sandbox", "--json", "--port", "0", ...store, ...LIMITS];
  const child = spawnSluice(args, { SLUICE_SANDBOX_PASSWORD: password }, log);
  const access = await readAccess(log);
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${access.url}/sandbox/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(START_MS_MAX),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The sandbox answered ${method} ${path}: ${text}`);
    return text === "" ? null : (JSON.parse(text) as unknown);
  };
  /** All pages of a list. */
  const all = async <Item>(path: string, name: string): Promise<Item[]> => {
    const items: Item[] = [];
    for (let after: string | null = null; ;) {
      const page = (await ask("GET", after === null ? path : `${path}&after=${after}`)) as Page;
      items.push(...(page[name] as Item[]));
      if (page.next === null) return items;
      after = page.next;
    }
  };
  return {
    ...access,
    setFaults: async (seed, faults) => void (await ask("PUT", "faults", { seed, faults })),
    setLimits: async (changes) => void (await ask("PUT", "limits", changes)),
    behave: async (changes) => void (await ask("PATCH", "settings", changes)),
    enableConnector: async (uuid, enabled) =>
      void (await ask("PATCH", `connectors/${uuid}`, { enabled })),
    calls: async () => ((await ask("GET", "calls?keys=true")) as { calls: SandboxCall[] }).calls,
    receipts: () => all<Receipt>("receipts?limit=10000", "receipts"),
    async held() {
      const rows = await all<{ id: number }>("assets?limit=300", "assets");
      const found = await Promise.all(rows.map(({ id }) => ask("GET", `assets/${id}`)));
      return found.flatMap((asset) => (asset as { records: HeldAsset[] }).records);
    },
    tokens: async () => ((await ask("GET", "tokens")) as { tokens: string[] }).tokens,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

type Page = Readonly<Record<string, unknown>> & { next: string | null };
type Access = Pick<SandboxProcess, "url" | "username" | "clientId" | "clientSecret">;

/** What it prints when it is ready. */
async function readAccess(log: string): Promise<Access> {
  const deadline = AbortSignal.timeout(START_MS_MAX);
  for (;;) {
    const text = await readFile(log, "utf8");
    if (text.endsWith("}\n")) return JSON.parse(text) as Access;
    await delay(50, undefined, { signal: deadline });
  }
}
