import Fastify, { type FastifyInstance } from "fastify";
import {
  closeAccount,
  configureBehaviour,
  configureLimits,
  createAccount,
  type Account,
} from "./account.ts";
import { failure, give } from "./answer.ts";
import { addApiRoutes } from "./api/routes.ts";
import type { BehaviourChanges } from "./behaviour.ts";
import type { SandboxCall } from "./call-ledger.ts";
import { addControlRoutes } from "./control-routes.ts";
import { endpointHandler } from "./endpoint.ts";
import type { Fault } from "./faults/fault.ts";
import { answerImport } from "./import-call.ts";
import { knownAsset, knownAssets, type SandboxAsset } from "./inventory/known-asset.ts";
import { clientLoginHandler, loginHandler } from "./login.ts";
import { addPageRoutes } from "./page/page-routes.ts";
import { toSettings, type LimitChanges, type SandboxOptions } from "./options.ts";
import { answerCount, answerGet, answerSearch } from "./read-calls.ts";

/** How long a request may take to arrive in full. */
const requestTimeoutMs = 30_000;

/** A running sandbox. Disposing of it cuts what is still open and forgets everything. */
export interface Sandbox extends AsyncDisposable {
  /** The gateway's URL, without a slash at its end. */
  readonly url: string;
  /** The first connector's. */
  readonly connectorUuid: string;
  readonly username: string;
  readonly password: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The last import calls (at most 100,000), oldest first: a live view. */
  readonly calls: readonly SandboxCall[];
  /** Everything that the connectors sent, by `connectorUuid/sourceNativeKey`: as it is at this moment. */
  readonly assets: ReadonlyMap<string, SandboxAsset>;
  asset(connectorUuid: string, sourceNativeKey: string): SandboxAsset | undefined;
  /** How many assets the unified inventory has or, where nothing is kept, how many were accepted. */
  count(): number;
  /**
   * The most import calls with a valid token that arrived in any one window of the length now in force, those that
   * a limit refused included: above the limit exactly when a client asked for too much.
   */
  callsInWorstWindow(): number;
  /** Replaces the script of faults, its chances decided by `seed` (by default 1), for the import calls to come that the limits let in. */
  fault(script: readonly Fault[], seed?: number): void;
  /** Changes the limits of every endpoint from now on. Throws a `RangeError` for values that make no sense. */
  configure(changes: LimitChanges): void;
  /** Changes how it behaves from now on. */
  behave(changes: BehaviourChanges): void;
}

/**
 * Starts a local CSAM for one account, in memory or in a file, that answers as the platform is documented to, and as public
 * clients have seen it where it is not. Throws when the address cannot be listened on, or the file
 * cannot be used.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const settings = toSettings(options);
  const closing = new AbortController();
  const account = createAccount(settings, closing.signal);
  const app = createServer(account);
  const url = await listen(app, settings.host, settings.port).catch((error: unknown) => {
    closeAccount(account);
    throw error;
  });
  settings.report({ event: "sandbox-started", url });
  const connectorUuid = settings.connectors[0]?.uuid ?? account.connectors.first.uuid;
  const { inventory, connectors, faults, endpoints } = account;
  const { records } = inventory;
  const { ledger, limiter } = endpoints.import;
  return {
    url,
    connectorUuid,
    username: settings.username,
    password: settings.password.reveal(),
    clientId: settings.clientId,
    clientSecret: settings.clientSecret.reveal(),
    calls: ledger.calls,
    get assets() {
      return knownAssets(records, connectors);
    },
    asset: (uuid, sourceNativeKey) => knownAsset(records, connectors, uuid, sourceNativeKey),
    count: () => inventory.assetCount + account.passed,
    callsInWorstWindow: () => ledger.worstWindow(limiter.limits.windowMs),
    fault: (script, seed = 1) => faults.replace({ seed, faults: script }),
    configure: (changes) => configureLimits(account, changes),
    behave: (changes) => configureBehaviour(account, changes),
    async [Symbol.asyncDispose]() {
      await app.close();
      closing.abort();
      closeAccount(account);
    },
  };
}

function createServer(account: Account): FastifyInstance {
  const app = Fastify({ forceCloseConnections: true, requestTimeout: requestTimeoutMs });
  // Bodies are read by the handlers, after the limits have looked at the call.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  app.setErrorHandler((error: Error, request, reply) => {
    // A client that went away is no failure of the sandbox; nor are the waits that its closing ends.
    if (!request.raw.destroyed && !account.closing.aborted) {
      account.settings.report({ event: "request-failed", error });
    }
    return give(reply, failure(500, error.message));
  });

  app.post("/auth", loginHandler(account));
  app.post("/auth/oauth", clientLoginHandler(account));
  app.post("/auth/oidc", clientLoginHandler(account));
  app.post(
    "/rest/2.0/am/connector/asset/data/sync",
    endpointHandler(account, "import", answerImport),
  );
  app.post("/rest/2.0/search/am/asset", endpointHandler(account, "search", answerSearch));
  app.post("/rest/2.0/count/am/asset", endpointHandler(account, "count", answerCount));
  app.post("/rest/2.0/get/am/asset", endpointHandler(account, "get", answerGet));
  addControlRoutes(app, account);
  addApiRoutes(app, account);
  addPageRoutes(app);
  return app;
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Cannot start the sandbox on ${host}:${port}: ${reason}; choose another address or port`,
      { cause: error },
    );
  }
  const address = app.server.address();
  const actualPort = typeof address === "object" ? address?.port : undefined;
  return `http://${reachable(host)}:${actualPort ?? port}`;
}

/** The host as a client writes it: a server that listens everywhere is reached on the loopback. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
