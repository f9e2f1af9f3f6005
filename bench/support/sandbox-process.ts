import type { LimitChanges, SandboxCall } from "@sluice/sandbox";
import { startSluice } from "./processes.ts";

export interface SandboxSettings {
  limit: number;
  windowMs: number;
  concurrency: number;
  latencyMs: number;
}

/** A sandbox as a process of its own, and its control routes. */
export interface SandboxProcess extends AsyncDisposable {
  readonly url: string;
  readonly connectorUuid: string;
  readonly username: string;
  readonly password: string;
  /** Every import call so far, as the server saw it, oldest first. */
  calls(): Promise<SandboxCall[]>;
  /** How many there are: cheaper to ask often. */
  callCount(): Promise<number>;
  setLimits(changes: LimitChanges): Promise<void>;
}

type Access = Pick<SandboxProcess, "url" | "connectorUuid" | "username" | "password">;

export async function startSandboxProcess(settings: SandboxSettings): Promise<SandboxProcess> {
  const { limit, windowMs, concurrency, latencyMs } = settings;
  const args = ["sandbox", "--port", "0", "--limit", String(limit)];
  args.push("--window-sec", String(windowMs / 1_000), "--concurrency", String(concurrency));
  args.push("--latency-ms", String(latencyMs));
  const child = await startSluice(args, {});
  const access = child.ready as Access;
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${access.url}/sandbox/${path}`, init);
    if (!response.ok) throw new Error(`The sandbox answered ${response.status}`);
    return (await response.json()) as { calls: unknown };
  };
  return {
    ...access,
    calls: async () => (await ask("calls")).calls as SandboxCall[],
    callCount: async () => (await ask("health")).calls as number,
    setLimits: async (changes) => {
      await ask("limits", { method: "PUT", body: JSON.stringify(changes) });
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
