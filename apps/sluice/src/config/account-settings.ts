import { createHash } from "node:crypto";
import { CsamClient, type CsamOptions } from "@sluice/csam";
import type { Lane } from "@sluice/queue";
import type { SenderSettings } from "@sluice/sender";
import type { SourceFormat } from "@sluice/sources";
import { Secret } from "@sluice/service";
import type { WorkerSettings } from "@sluice/worker";
import type { TransformSettings } from "../mapping/load-transform.ts";

/** One connector, wherever it is configured. */
export interface ConnectorSettings {
  /** What users call it. */
  name: string;
  description: string;
  /** What Qualys and the queue call it. */
  uuid: string;
  /** Whether the file lets it take and send anything. */
  isEnabled: boolean;
  files: readonly string[];
  format?: SourceFormat;
  at?: string;
  encoding?: string;
  /** Of files. */
  lane: Lane;
  transform: TransformSettings;
  limits: WorkerSettings;
  /** The `source` string of its payloads. */
  source: string;
}

/** One Qualys subscription, wherever it is configured. */
export interface AccountSettings {
  /** What users call it. */
  name: string;
  /** What its keys in Redis are named after. */
  redisName: string;
  gatewayUrl: string;
  connectors: readonly ConnectorSettings[];
  calls: Pick<SenderSettings, "callTimeoutMs" | "policy">;
  /** Null where nobody is going to call Qualys, and no credentials were read. */
  connection: CsamOptions | null;
}

/** A client that signs in with the account's credentials. */
export function createClient({ name, connection }: AccountSettings): CsamClient {
  if (connection === null) {
    throw new Error(`Cannot call Qualys for account "${name}": no credentials were read`);
  }
  return new CsamClient(connection);
}

/** Equal where two settings of an account make the same calls: same gateway, credentials and pace. Says nothing of the secrets. */
export function callsFingerprint({ connection, calls }: AccountSettings): string {
  const { credentials, proxy, ...plain } = connection ?? {};
  const text = JSON.stringify([plain, calls, revealed(credentials), revealed(proxy)]);
  return createHash("sha256").update(text).digest("hex");
}

function revealed(secrets: object | null | undefined): unknown {
  return Object.entries(secrets ?? {}).map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Secret ? value.reveal() : value,
  ]);
}

/** What an account is called in Redis unless something else is said: what was sent to the sandbox is never taken for sent to Qualys. */
export function redisNameOf({ host }: URL): string {
  return host.replaceAll(/[^\w.:-]/g, "-");
}
