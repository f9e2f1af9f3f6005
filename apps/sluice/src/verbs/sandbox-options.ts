import { readFileSync } from "node:fs";
import { parseFaultPlan, type FaultPlan, type SandboxOptions } from "@sluice/sandbox";
import { loadConfig, sandboxSettings } from "@sluice/service";
import { CommandError, EXIT } from "../exit-codes.ts";

/** The flags of `sluice sandbox`. */
export interface SandboxFlags {
  port?: number;
  limit: number;
  windowSec: number;
  concurrency: number;
  latencyMs: number;
  connector?: string;
  refuseClients?: boolean;
  store?: string;
  visibleAfterMs: number;
  faults?: string;
  checkOnly?: boolean;
  counting?: boolean;
  receipts?: boolean;
}

/** How the sandbox is to be started. Throws a `CommandError` for flags that make no sense together. */
export function sandboxOptions(flags: SandboxFlags): SandboxOptions {
  const { limit, concurrency, latencyMs, visibleAfterMs, windowSec, connector, port } = flags;
  const { store, faults, checkOnly, counting, refuseClients } = flags;
  if (checkOnly && counting) throw new CommandError("Choose one of --check-only and --counting");
  const config = loadConfig(sandboxSettings, process.env);
  return {
    limit,
    concurrency,
    latencyMs,
    visibleAfterMs,
    windowMs: windowSec * 1_000,
    servesClients: refuseClients !== true,
    port: port ?? config.SLUICE_SANDBOX_PORT,
    host: config.SLUICE_SANDBOX_HOST,
    ...(config.SLUICE_SANDBOX_PASSWORD && { password: config.SLUICE_SANDBOX_PASSWORD }),
    store: store ?? null,
    receipts: flags.receipts === true,
    mode: counting ? "counting" : checkOnly ? "checking" : "full",
    ...(faults && { faults: readFaults(faults) }),
    ...(connector && { connectors: [{ uuid: connector, name: "sandbox", enabled: true }] }),
  };
}

function readFaults(path: string): FaultPlan {
  try {
    return parseFaultPlan(readFileSync(path, "utf8"));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError(
      `Cannot read the faults in "${path}": ${reason}; docs/sandbox.md shows how they look`,
      EXIT.usage,
      { cause },
    );
  }
}
