import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApiKey } from "@sluice/producer";
import { startOwnRedis, type OwnRedis } from "../support/own-redis.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { PASSWORD, PASSWORD_CORE } from "./faults.ts";
import { KeptProcess, type Environment } from "./kept-process.ts";
import { LINK_NAMES, ROLE_NAMES, type LinkName, type RoleName } from "./plan.ts";
import { startSandboxProcess, type SandboxProcess } from "./sandbox-process.ts";

export const ACCOUNT = "chaos";
const CONNECTOR = "da4b8361-2327-4bf1-af7d-2ce775bc9882";

/** Everything that runs: the roles as processes, a Redis and a sandbox, and ways between them that can be disturbed. */
export interface House extends AsyncDisposable {
  readonly dir: string;
  readonly logs: string;
  readonly connector: string;
  readonly redis: OwnRedis;
  readonly sandbox: SandboxProcess;
  readonly roles: Readonly<Record<RoleName, KeptProcess>>;
  readonly links: Readonly<Record<LinkName, TcpProxy>>;
  /** What commands of an operator need, on undisturbed ways. */
  readonly env: Environment;
  /** The key that the intake takes. */
  readonly apiKey: string;
  /** What nobody may see anywhere. */
  readonly secrets: readonly string[];
}

export async function startHouse(seed: number): Promise<House> {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "sluice-chaos-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const logs = join(dir, "logs");
  await mkdir(logs);
  // The append-only file keeps all that was ever written, so that all of it can be looked through.
  const redis = stack.use(await startOwnRedis({ "auto-aof-rewrite-percentage": "0" }));
  const sandbox = stack.use(
    await startSandboxProcess({ dir, logs, password: PASSWORD, connector: CONNECTOR }),
  );
  const links = await startLinks(stack, redis, sandbox);
  const { key: apiKey, line } = createApiKey("chaos");
  const keysFile = join(dir, "keys");
  await writeFile(keysFile, `${line}\n`);
  const isClient = seed % 3 === 0;
  const signIn = isClient
    ? {
        QUALYS_AUTH: "oauth",
        QUALYS_CLIENT_ID: sandbox.clientId,
        QUALYS_CLIENT_SECRET: sandbox.clientSecret,
      }
    : { QUALYS_USERNAME: sandbox.username, QUALYS_PASSWORD: PASSWORD };
  const common = {
    SLUICE_ACCOUNT: ACCOUNT,
    SLUICE_DATA_DIR: join(dir, "data"),
    SLUICE_LOG_LEVEL: "debug",
    SLUICE_BATCH_ASSETS_MAX: "10",
    // So that producers have to wait, and chunks are put off.
    SLUICE_QUEUE_BYTES_MAX: "60000",
    SLUICE_BATCH_LINGER_MS: "500",
    SLUICE_CALL_TIMEOUT_MS: "5000",
    SLUICE_CALLS_LIMIT: "12",
    SLUICE_CALLS_WINDOW_SEC: "4",
    SLUICE_INTAKE_PORT: "0",
    SLUICE_INTAKE_KEYS_FILE: keysFile,
    QUALYS_GATEWAY_URL: sandbox.url,
    QUALYS_CONNECTOR_UUID: CONNECTOR,
  };
  const at = ({ port }: TcpProxy) => `127.0.0.1:${port}`;
  const envOf = (name: RoleName): Environment => ({
    ...common,
    REDIS_URL: `redis://${at(links[name])}`,
    ...(name.startsWith("sender") && {
      ...signIn,
      QUALYS_GATEWAY_URL: `http://${at(links[name === "sender-1" ? "gateway-1" : "gateway-2"])}`,
    }),
  });
  const roles = Object.fromEntries(
    ROLE_NAMES.map((name) => {
      const args = ["up", "--json", "--role", name.replace(/-\d$/, "")];
      return [name, stack.use(new KeptProcess(args, envOf(name), join(logs, `${name}.log`)))];
    }),
  ) as House["roles"];
  const owned = stack.move();
  return {
    dir,
    logs,
    connector: CONNECTOR,
    redis,
    sandbox,
    roles,
    links,
    env: { ...common, ...signIn, REDIS_URL: redis.url },
    apiKey,
    // A client does not know the user's password, and cannot hide what it does not know.
    secrets: [isClient ? sandbox.clientSecret : PASSWORD_CORE, apiKey],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startLinks(
  stack: AsyncDisposableStack,
  redis: OwnRedis,
  sandbox: SandboxProcess,
): Promise<House["links"]> {
  const links: Partial<Record<LinkName, TcpProxy>> = {};
  for (const name of LINK_NAMES) {
    const target = name.startsWith("gateway") ? Number(new URL(sandbox.url).port) : redis.url;
    links[name] = stack.use(await startTcpProxy(target));
  }
  return links as House["links"];
}
