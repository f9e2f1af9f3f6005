// The shapes of docs/sandbox-api.md, as far as the page uses them. Times are epoch ms.

export interface Counts {
  readonly assets: number;
  readonly pending: number;
  readonly dropped: number;
  readonly calls: number;
}

export interface Account {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly mode: "full" | "checking" | "counting";
  readonly store: string | null;
  readonly counts: Counts;
}

export interface Connector {
  readonly uuid: string;
  readonly name: string;
  readonly description: string;
  readonly modules: readonly string[];
  readonly enabled: boolean;
  readonly trust: number;
  readonly createdAtMs: number;
  readonly lastActivityMs: number | null;
  readonly counts: { readonly records: number; readonly calls: number; readonly dropped: number };
}

export interface Rule {
  readonly name: string;
  readonly attributes: readonly string[];
  readonly required: boolean;
  readonly isFixed: boolean;
}

export interface Identification {
  readonly rules: readonly Rule[];
  readonly createUnmanagedAsset: boolean;
  readonly applyDefaultRule: boolean;
  /** Those that a rule can use. */
  readonly attributes: readonly string[];
}

export interface AssetRow {
  readonly id: number;
  readonly name: string | null;
  readonly address: string | null;
  readonly operatingSystem: string | null;
  /** Of the worst open finding, 0 with none. */
  readonly severity: number;
  readonly sources: readonly string[];
  /** UUIDs. */
  readonly connectors: readonly string[];
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** Part of an asset that was merged from what connectors sent; whatever else was sent is there, too. */
interface Merged {
  readonly connectors: readonly string[];
}

export interface Software extends Merged {
  readonly name: string;
  readonly version?: string | null;
}

export interface Port extends Merged {
  readonly port?: number | null;
  readonly protocol?: string | null;
}

export interface Finding extends Merged, Port {
  readonly id: string;
  readonly name?: string | null;
  readonly category?: string | null;
  readonly severity?: number | null;
  readonly findingStatus?: string | null;
}

export interface SourceRecord {
  readonly connectorUuid: string;
  readonly connectorName: string;
  readonly sourceNativeKey: string;
  readonly source: string | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly received: unknown;
}

export interface LogEntry {
  readonly atMs: number;
  readonly connectorUuid: string;
  readonly sourceNativeKey: string;
  readonly requestId: string | null;
  readonly outcome: "created" | "merged" | "dropped";
  readonly assetId: number | null;
  readonly reason: string;
  readonly tried: readonly {
    readonly rule: string;
    readonly result: "none" | "one" | "several" | "no-value";
    readonly assetIds: readonly number[];
  }[];
}

export interface Asset extends AssetRow {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly softwares: readonly Software[];
  readonly ports: readonly Port[];
  readonly findings: readonly Finding[];
  readonly records: readonly SourceRecord[];
  readonly identificationLog: readonly LogEntry[];
}

export interface Call {
  readonly number: number;
  readonly atMs: number;
  /** `null` while it runs. */
  readonly endedAtMs: number | null;
  readonly admission: "admitted" | "rate" | "concurrency" | "unauthorized";
  readonly status: number | null;
  readonly bytes: number;
  readonly requestId: string | null;
  readonly assetCount: number | null;
  readonly inWindow: number;
  readonly limit: number;
  readonly message: string | null;
  readonly fault: string | null;
}

export interface Chart {
  readonly windowMs: number;
  readonly limit: number;
  readonly points: readonly {
    readonly atMs: number;
    readonly inWindow: number;
    readonly admitted: number;
    readonly refused: number;
  }[];
}

export type Settings = Readonly<Record<string, string | number | boolean>>;

export type Fault = Readonly<Record<string, unknown>> & { readonly kind: string };

export interface FaultScript {
  readonly seed: number;
  readonly calls: number;
  readonly faults: readonly {
    readonly fault: Fault;
    readonly taken: number;
    readonly left: number | "always";
  }[];
}

/** `GET /sandbox/PATH`. Throws an `Error` with the sandbox's words. */
export async function load<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await request("GET", path, undefined, signal)) as T;
}

/** Changes something with a JSON body. Throws an `Error` with the sandbox's words. */
export async function send<T>(
  method: "POST" | "PUT" | "PATCH",
  path: string,
  body: unknown,
): Promise<T> {
  return (await request(method, path, body)) as T;
}

async function request(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<unknown> {
  const response = await fetch(`sandbox/${path}`, {
    method,
    ...(signal && { signal }),
    ...(body !== undefined && {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new Error("The sandbox does not answer; is it still running?", { cause: error });
  });
  if (response.status === 204) return undefined;
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer;
  throw new Error(messageOf(answer) ?? `The sandbox answered ${response.status}`);
}

function messageOf(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null || !("message" in answer)) return undefined;
  return String(answer.message);
}
