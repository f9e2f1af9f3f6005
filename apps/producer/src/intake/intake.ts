import { setTimeout as delay } from "node:timers/promises";
import type { Lane, Queues } from "@sluice/queue";
import type { Secret } from "@sluice/service";
import type { FastifyInstance } from "fastify";
import { Allowance } from "./allowance.ts";
import { ApiKeys } from "./api-keys.ts";
import { IntakeRuns } from "./intake-runs.ts";
import type { IntakeConnectors } from "./intake-connector.ts";
import { addPublicRoutes } from "./public-routes.ts";
import { createRetryAfter } from "./retry-after.ts";
import { createSignatureCheck } from "./webhook-signature.ts";

export interface IntakeSettings {
  host: string;
  /** 0 for any that is free. */
  port: number;
  /** A file of API keys' hashes; null for none. */
  keysFile: string | null;
  /** Secrets of Standard Webhooks. */
  webhookSecrets: readonly Secret[];
  /** PEM; null for plain HTTP. */
  tls: { cert: string; key: string } | null;
  /** As sent, and again as unpacked. */
  bodyBytesMax: number;
  /** For each key. */
  callsPerSecMax: number;
  /** How long a request waits for others to share its chunk. */
  lingerMs: number;
}

export interface IntakeOptions extends IntakeSettings {
  connectors: IntakeConnectors;
  onTrouble: (message: string) => void;
  /** How many requests may be in hand. Default 4,096. */
  requestsMax?: number;
  /** Default: `Date.now`. */
  nowMs?: () => number;
}

/** A running HTTP intake. Disposing of it answers what is in hand, then closes. */
export interface Intake extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
}

/** Bodies that all requests together may hold in memory, and how many requests there may be. */
const BODIES_IN_HAND = 2;
const REQUESTS_IN_HAND = 4_096;
/** How long requests in hand may take to end when the intake stops. */
const CLOSE_MS_MAX = 15_000;
/** How often connections are closed then that have nothing more in hand. */
const CLOSE_IDLE_MS = 100;
/** How long the jobs of chunks may take then; those of others are added by a worker's sweep. */
const JOBS_MS_MAX = 5_000;

/**
 * Takes assets over HTTP and puts them into the queue. Throws an `Error` that says what to do when the keys or the secrets can't be used,
 * when there are none, or when the address can't be listened on.
 */
export async function startIntake(options: IntakeOptions): Promise<Intake> {
  const { connectors, onTrouble, bodyBytesMax, keysFile, nowMs = Date.now } = options;
  await using stack = new AsyncDisposableStack();
  const keys = keysFile === null ? null : stack.use(await ApiKeys.open(keysFile, onTrouble));
  const secrets = options.webhookSecrets;
  if ((keys?.count ?? 0) + secrets.length === 0) {
    throw new Error(
      "Cannot start the intake: nobody could use it; make a key with sluice key NAME and name its file in SLUICE_INTAKE_KEYS_FILE",
    );
  }
  const adding = new Set<Promise<void>>();
  stack.defer(async () => {
    await Promise.race([Promise.all(adding), delay(JOBS_MS_MAX, undefined, { ref: false })]);
  });
  const onChunk = (queues: Queues, lane: Lane, sequence: number) => {
    // The chunk is safe already. Should its job be lost, the workers' sweep adds it.
    const work = queues.addChunk(lane, sequence).catch((error: unknown) => {
      onTrouble(`Cannot add the job of chunk ${sequence}: ${String(error)}; a worker will`);
    });
    adding.add(work);
    void work.finally(() => adding.delete(work));
  };
  const runs = stack.use(new IntakeRuns({ ...options, nowMs, onChunk }));
  // An HTTP server is much to load for those who only read files.
  const { createServer } = await import("./server.ts");
  const { addRoutes } = await import("./routes.ts");
  const app = await createServer(options);
  const allowance = new Allowance(BODIES_IN_HAND * bodyBytesMax);
  const turns = new Allowance(options.requestsMax ?? REQUESTS_IN_HAND);
  const isSignatureValid = secrets.length > 0 ? createSignatureCheck(secrets) : null;
  const credentials = { keys, isSignatureValid };
  const retryAfterSec = createRetryAfter(connectors);
  await addRoutes(app, { ...options, runs, allowance, turns, retryAfterSec, credentials });
  addPublicRoutes(app, connectors);
  const url = await listen(app, options);
  stack.defer(() => close(app));
  const owned = stack.move();
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function listen(app: FastifyInstance, { host, port }: IntakeSettings): Promise<string> {
  try {
    const url = new URL(await app.listen({ host, port }));
    // A server that listens everywhere is reached on the loopback.
    if (["0.0.0.0", "[::]"].includes(url.hostname)) url.hostname = "127.0.0.1";
    return url.origin;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Cannot start the intake on ${host}:${port}: ${reason}; set SLUICE_INTAKE_HOST and SLUICE_INTAKE_PORT`,
      { cause: error },
    );
  }
}

/** No new connections; requests in hand end, but nobody is waited for without end. */
async function close(app: FastifyInstance): Promise<void> {
  // A connection is idle only once the body of a refused request has run past.
  const idle = setInterval(() => app.server.closeIdleConnections(), CLOSE_IDLE_MS);
  const late = setTimeout(() => app.server.closeAllConnections(), CLOSE_MS_MAX);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(late);
  }
}
