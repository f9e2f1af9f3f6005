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
  import(body: object | string, signal?: AbortSignal): Promise<Response>;
  importKeys(...keys: string[]): Promise<Response>;
  post(path: string, body?: unknown, signal?: AbortSignal): Promise<Response>;
}

export async function logIn(sandbox: Sandbox): Promise<Response> {
  const { username, password } = sandbox;
  const body = new URLSearchParams({ username, password, token: "true" });
  return await fetch(`${sandbox.url}/auth`, { method: "POST", body });
}

export async function connect(sandbox: Sandbox): Promise<TestClient> {
  const client: TestClient = {
    token: await (await logIn(sandbox)).text(),
    import: (body, signal) => client.post(importPath, body, signal),
    importKeys: (...keys) => client.import(importBody(sandbox.connectorUuid, keys)),
    post: (path, body, signal) =>
      fetch(sandbox.url + path, {
        method: "POST",
        headers: { authorization: `Bearer ${client.token}`, "content-type": "application/json" },
        body: typeof body === "string" ? body : JSON.stringify(body ?? {}),
        signal: signal ?? null,
      }),
  };
  return client;
}

/** A call of the sandbox's own API: its status, and its body as JSON where it has one. */
export async function ask(
  sandbox: Sandbox,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const content = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(`${sandbox.url}/sandbox/${path}`, { method, ...content });
  const text = await response.text();
  const json = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { status: response.status, json };
}
