import type { Sandbox } from "./sandbox.ts";

const importPath = "/rest/2.0/am/connector/asset/data/sync";

/** An import body as a client makes it, with one minimal asset for each key. */
export function importBody(connectorUuid: string, keys: readonly string[]) {
  return {
    connectorMetaData: {
      requestId: crypto.randomUUID(),
      assetCount: keys.length,
      source: "WEBHOOK",
      connectorUuid,
    },
    assetData: keys.map((sourceNativeKey) => ({
      identityAttributes: { sourceNativeKey, netBiosName: `host-${sourceNativeKey}` },
      coreAttributes: { operatingSystem: "Windows 7", address: "100.63.255.250" },
    })),
  };
}

/** A client of the tests: a token, and the calls of the API. */
export interface TestClient {
  token: string;
  /** Imports a body as it is, or a minimal asset for each key. */
  import(body: object | string): Promise<Response>;
  importKeys(...keys: string[]): Promise<Response>;
  post(path: string, body?: unknown): Promise<Response>;
}

export async function logIn(sandbox: Sandbox): Promise<Response> {
  const { username, password } = sandbox;
  const body = new URLSearchParams({ username, password, token: "true" });
  return await fetch(`${sandbox.url}/auth`, { method: "POST", body });
}

export async function connect(sandbox: Sandbox): Promise<TestClient> {
  const client: TestClient = {
    token: await (await logIn(sandbox)).text(),
    import: (body) => client.post(importPath, body),
    importKeys: (...keys) => client.import(importBody(sandbox.connectorUuid, keys)),
    post: (path, body) =>
      fetch(sandbox.url + path, {
        method: "POST",
        headers: { authorization: `Bearer ${client.token}`, "content-type": "application/json" },
        body: typeof body === "string" ? body : JSON.stringify(body ?? {}),
      }),
  };
  return client;
}
