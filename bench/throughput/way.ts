/** What one way of bringing an inventory to Qualys is given. */
export interface WayOptions {
  /** NDJSON, one record a line. */
  file: string;
  /** Where the sandbox is; empty for a way that sends nothing. */
  url: string;
  connectorUuid: string;
  username: string;
  password: string;
  /** The path of a Redis's unix socket. */
  redisUrl: string;
}

/** Assets of one call. */
export const BATCH_ASSETS = 100;

const IMPORT = "/rest/2.0/am/connector/asset/data/sync";

/** Signs in, and gives what posts one batch of bodies. Throws for whatever is not accepted. */
export async function openImport({ url, connectorUuid, username, password }: WayOptions) {
  const form = new URLSearchParams({ username, password, token: "true" });
  const token = await (await fetch(`${url}/auth`, { method: "POST", body: form })).text();
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return async (bodies: readonly string[]): Promise<void> => {
    const source = { source: "WEBHOOK", connectorUuid };
    const body = `{"connectorMetaData":${JSON.stringify(source)},"assetData":[${bodies.join(",")}]}`;
    const response = await fetch(`${url}${IMPORT}`, { method: "POST", headers, body });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`The sandbox answered ${response.status}`);
  };
}

/** The options that a way's process was started with. */
export function wayOptions(): WayOptions {
  return JSON.parse(process.argv[2] ?? "{}") as WayOptions;
}
