import type { LimitChanges, SandboxCall } from "@sluice/sandbox";
import { startSluice } from "./processes.ts";

export interface SandboxSettings {
  limit: number;
  windowMs: number;
  concurrency: number;
  latencyMs: number;
  /** One that was there before: the same address and credentials again. */
  before?: SandboxAccess;
  /** Whether it checks what is imported and keeps nothing. Default: it keeps all. */
  isCheckOnly?: boolean;
  /** Whether it only counts the assets of what is imported, without even parsing it. */
  isCounting?: boolean;
}

/** Where a sandbox is, and how it is called. */
export interface SandboxAccess {
  readonly url: string;
  readonly connectorUuid: string;
  readonly username: string;
  readonly password: string;
}

/** A sandbox as a process of its own, and its control routes. */
export interface SandboxProcess extends SandboxAccess, AsyncDisposable {
  /** Every import call so far, as the server saw it, oldest first. */
  calls(): Promise<SandboxCall[]>;
  /** How many there are: cheaper to ask often. */
  callCount(): Promise<number>;
  setLimits(changes: LimitChanges): Promise<void>;
}

export async function startSandboxProcess(settings: SandboxSettings): Promise<SandboxProcess> {
  const { limit, windowMs, concurrency, latencyMs, before, isCheckOnly, isCounting } = settings;
  const port = before === undefined ? "0" : new URL(before.url).port;
  const args = ["sandbox", "--port", port, "--limit", String(limit)];
  args.push("--window-sec", String(windowMs / 1_000), "--concurrency", String(concurrency));
  args.push("--latency-ms", String(latencyMs));
  if (before !== undefined) args.push("--connector", before.connectorUuid);
  if (isCheckOnly) args.push("--check-only");
  if (isCounting) args.push("--counting");
  const child = await startSluice(args, before ? { SLUICE_SANDBOX_PASSWORD: before.password } : {});
  const access = before ?? (child.ready as SandboxAccess);
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
