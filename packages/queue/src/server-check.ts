import type { Redis } from "ioredis";

/** What the server is and what its settings mean for the promise that nothing is lost. */
export interface ServerReport {
  product: "redis" | "valkey";
  version: string;
  runId: string;
  /** `maxmemory`; 0 when there is no bound. */
  memoryBytesMax: number;
  /** What can be lost or repeated with these settings, a sentence each. */
  warnings: readonly string[];
}

const VERSIONS_MIN = { redis: [7, 0], valkey: [7, 2] } as const;

/**
 * Reads version, eviction policy and persistence. Throws when the server cannot do the job: too old, or
 * evicting keys, which would lose records without a trace. Anything less is a warning.
 */
export async function checkServer(client: Redis): Promise<ServerReport> {
  const info = parseInfo(await client.info());
  const isValkey = info.has("valkey_version");
  const version = info.get("valkey_version") ?? info.get("redis_version") ?? "0";
  const product = isValkey ? "valkey" : "redis";
  if (!isVersionEnough(product, version)) {
    throw new Error(
      `Cannot use ${product} ${version}: Redis >= 7.0 or Valkey >= 7.2 is needed; upgrade the server`,
    );
  }
  const policy = info.get("maxmemory_policy") ?? "noeviction";
  if (policy !== "noeviction") {
    throw new Error(
      `Cannot use a Redis with maxmemory-policy "${policy}": it may evict records that were not delivered; ` +
        `set maxmemory-policy to noeviction`,
    );
  }
  return {
    product,
    version,
    runId: info.get("run_id") ?? "",
    memoryBytesMax: Number(info.get("maxmemory") ?? 0),
    warnings: persistenceWarnings(
      info.get("aof_enabled") === "1",
      await readSetting(client, "appendfsync"),
    ),
  };
}

/** Another id than last time: the server was restarted, replaced or restored. */
export async function readRunId(client: Redis): Promise<string> {
  return parseInfo(await client.info("server")).get("run_id") ?? "";
}

function persistenceWarnings(isAppendOnly: boolean, appendFsync: string | null): string[] {
  if (!isAppendOnly) {
    return [
      "Redis keeps no append-only file: if it dies, what was not delivered is lost; set appendonly yes and appendfsync always",
    ];
  }
  if (appendFsync === "always" || appendFsync === null) return [];
  return [
    `Redis syncs its append-only file with appendfsync ${appendFsync}: if its machine dies, the last second may be lost or sent again; set appendfsync always`,
  ];
}

/** `CONFIG` is forbidden at some hosts; then nothing is known. */
async function readSetting(client: Redis, name: string): Promise<string | null> {
  try {
    const [, value] = await client.config("GET", name);
    return value ?? null;
  } catch {
    return null;
  }
}

/** `INFO`'s lines as a map. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) pairs.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return pairs;
}

/** Whether that version of the product has all that the scripts need. */
export function isVersionEnough(product: ServerReport["product"], version: string): boolean {
  const [major, minor] = VERSIONS_MIN[product];
  const [haveMajor = 0, haveMinor = 0] = version.split(".").map(Number);
  return haveMajor > major || (haveMajor === major && haveMinor >= minor);
}
