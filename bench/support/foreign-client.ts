import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { CsamClient } from "@sluice/csam";
import { importPayload } from "@sluice/inventory";
import { Secret } from "@sluice/service";
import { Chance } from "../../test/support/random.ts";
import type { SandboxProcess } from "./sandbox-process.ts";

/** What it calls itself: the sandbox's ledger tells its calls from ours by this. */
export const FOREIGN_AGENT = "elsewhere";

const CALL_MS_MAX = 20_000;

export interface ForeignOptions {
  sandbox: SandboxProcess;
  /** From one call to the next, on average. */
  meanMs: number;
  seed: number;
  signal: AbortSignal;
}

/**
 * Another user's script on the same subscription: one import after the other, with gaps by chance, until the signal. What is
 * refused it does not repeat.
 */
export async function callFromElsewhere(options: ForeignOptions): Promise<void> {
  const { sandbox, meanMs, seed, signal } = options;
  const { username, password } = sandbox;
  const chance = new Chance(seed);
  await using client = new CsamClient({
    gatewayUrl: sandbox.url,
    credentials: { kind: "password", username, password: new Secret(password) },
    callTimeoutMs: CALL_MS_MAX,
    userAgent: FOREIGN_AGENT,
  });
  let dueMs = performance.now();
  while (!signal.aborted) {
    dueMs = Math.max(dueMs - Math.log(1 - chance.next()) * meanMs, performance.now());
    await delay(Math.max(1, dueMs - performance.now()), undefined, { signal }).catch(() => {});
    if (!signal.aborted) await client.importAssets(oneAsset(sandbox.connectorUuid));
  }
}

function oneAsset(connectorUuid: string) {
  const requestId = randomUUID();
  const asset = {
    identityAttributes: { qualysAssetId: null, sourceNativeKey: "elsewhere" },
    coreAttributes: { isContainer: false },
  };
  const assets = [Buffer.from(JSON.stringify(asset))];
  const payload = importPayload({ requestId, source: "OTHER", connectorUuid, assets });
  return { requestId, payload, assets: () => [] };
}
