import { Redis } from "ioredis";
import { draining } from "./draining-client.ts";
import { checkServer, type ServerReport } from "./server-check.ts";
import { runScript, type Reply, type ScriptName } from "./scripts.ts";

/** ioredis keeps a process alive for this long after it closed a connection that the server had closed before. */
export const DISCONNECT_MS = 100;

/** Where neither the configuration nor Redis has a bound. */
const QUEUE_BYTES_MAX_DEFAULT = 1024 ** 3;
const MEMORY_PERCENT_MAX_DEFAULT = 70;
const DEAD_LETTERS_MAX_DEFAULT = 100_000;

/** Settled assets take several times as much as their chunks do: there are no more than the next some hundred calls need. */
const OUTBOX_BYTES_MAX = 16_000_000;

/**
 * The layout of an account's keys, by which all scripts go. It changes only where two versions can't work side by side; what
 * can be told value by value has a format of its own (`format.ts`).
 */
const SCHEMA_VERSION = 1;

export interface AccountOptions {
  /** `redis://`, `rediss://`, or the path of a unix socket. */
  redisUrl: string;
  /** Name of the Qualys subscription; all its keys share one hash tag, hence one Cluster slot. */
  account: string;
  /** Bytes that chunks, segments and batches may take together before producers wait. 0 takes as much as `memoryPercentMax` allows. */
  queueBytesMax?: number;
  /** From how much of `maxmemory` in use on producers wait, whoever uses it. Default 70. */
  memoryPercentMax?: number;
  /** Dead letters that a connector may have before it is held. Default 100,000. */
  deadLettersMax?: number;
  /** How long the first connection may take before opening fails. Default 5,000. */
  connectMs?: number;
  /** Nothing is written on opening, for whoever only looks. Default false. */
  isReadOnly?: boolean;
  /** How long a command may have no answer before its connection is made anew. Default 30,000. */
  answerMs?: number;
}

/**
 * One account's corner of Redis: the connection, the prefix of its keys and the scripts that work on them.
 * Everything in this package is a function over it.
 */
export class Account implements AsyncDisposable {
  readonly name: string;
  /** What every key of the account begins with. */
  readonly base: string;
  /** What BullMQ's keys begin with: the same tag, so that our scripts can follow its limiter. */
  readonly queuePrefix: string;
  readonly client: Redis;
  readonly queueBytesMax: number;
  readonly memoryPercentMax: number;
  readonly deadLettersMax: number;
  readonly server: ServerReport;
  readonly #options: AccountOptions;
  readonly #clients = new Set<Redis>();
  #isGivenUp = false;

  constructor(options: AccountOptions, client: Redis, server: ServerReport) {
    this.name = options.account;
    this.queuePrefix = queuePrefixOf(options.account);
    this.base = `${this.queuePrefix}:`;
    this.client = client;
    this.server = server;
    this.memoryPercentMax = options.memoryPercentMax ?? MEMORY_PERCENT_MAX_DEFAULT;
    this.queueBytesMax =
      options.queueBytesMax ||
      Math.floor((server.memoryBytesMax * this.memoryPercentMax) / 100) ||
      QUEUE_BYTES_MAX_DEFAULT;
    this.deadLettersMax = options.deadLettersMax ?? DEAD_LETTERS_MAX_DEFAULT;
    this.#options = options;
    this.#clients.add(client);
  }

  /** Bytes of segments that a backfill may have before its further chunks stay as they are. */
  get outboxBytesMax(): number {
    return Math.min(OUTBOX_BYTES_MAX, this.queueBytesMax / 4);
  }

  key(name: string): string {
    return this.base + name;
  }

  async run(script: ScriptName, ...args: (string | number | Buffer)[]): Promise<Reply[]> {
    const reply = await runScript(this.client, script, this.base, args);
    return Array.isArray(reply) ? reply : [reply];
  }

  /** A connection of its own for whoever blocks or subscribes. The caller closes it, and those it makes of it. */
  connect(): Redis {
    const client = createClient(this.#options);
    const duplicate = client.duplicate.bind(client);
    // BullMQ makes one for its blocking commands.
    client.duplicate = (override) => this.#keep(duplicate(override));
    return this.#keep(client);
  }

  #keep(client: Redis): Redis {
    this.#clients.add(client);
    client.once("end", () => this.#clients.delete(client));
    return client;
  }

  /** The same account over a connection of its own, for whoever doubts the others. The caller disposes of it. */
  reopen(): Account {
    return new Account(this.#options, createClient(this.#options), this.server);
  }

  /** Whether the process has stopped waiting for its Redis. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Cuts all connections for good: whoever waits for an answer gets an error. For a process that has to stop. */
  giveUp(): void {
    this.#isGivenUp = true;
    for (const client of this.#clients) client.disconnect();
  }

  /** Tells of every time the connection came back, until disposed of. */
  onReconnect(listen: () => void): Disposable {
    this.client.on("ready", listen);
    return { [Symbol.dispose]: () => void this.client.off("ready", listen) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeClient(this.client);
  }
}

function queuePrefixOf(account: string): string {
  if (!/^[\w.:-]{1,200}$/.test(account)) {
    throw new RangeError(
      `Cannot use the account name "${account}": use letters, digits, dots, dashes and colons`,
    );
  }
  return `sluice:{${account}}`;
}

/**
 * Connects to Redis and checks that it can keep a promise: version, eviction policy, persistence, and the
 * layout of what is stored there. Throws an `Error` that names the setting and the remedy.
 */
export async function openAccount(options: AccountOptions): Promise<Account> {
  const client = createClient(options);
  try {
    await reach(client, options);
    const account = new Account(options, client, await checkServer(client));
    if (!options.isReadOnly) await claimSchema(account);
    await checkSchema(account);
    return account;
  } catch (error) {
    client.disconnect();
    throw error;
  }
}

function createClient({ redisUrl, answerMs = 30_000 }: AccountOptions): Redis {
  const client = draining(
    new Redis(redisUrl, {
      lazyConnect: true,
      maxRetriesPerRequest: null,
      socketTimeout: answerMs,
      connectTimeout: 5_000,
      disconnectTimeout: DISCONNECT_MS,
    }),
  );
  // Errors reach whoever waits for a command; without a listener they would end the process.
  client.on("error", () => {});
  return client;
}

async function reach(client: Redis, options: AccountOptions): Promise<void> {
  let lastError: Error | undefined;
  client.on("error", (error: Error) => {
    lastError = error;
  });
  const deadline = AbortSignal.timeout(options.connectMs ?? 5_000);
  const { promise, reject } = Promise.withResolvers<never>();
  deadline.addEventListener("abort", () => {
    const why = lastError?.message ?? "no answer";
    reject(
      new Error(
        `Cannot reach Redis at ${withoutPassword(options.redisUrl)}: ${why}; check REDIS_URL`,
        { cause: lastError },
      ),
    );
  });
  void client.connect().catch(() => {});
  await Promise.race([client.ping(), promise]);
}

/** The address as it may be printed. */
export function withoutPassword(redisUrl: string): string {
  return redisUrl.replace(/\/\/.*@/, "//***@").replace(/\?.*$/, "");
}

/** Says by which layout a new account's keys will go. */
async function claimSchema(account: Account): Promise<void> {
  const key = account.key("schema");
  await account.client.setnx(key, SCHEMA_VERSION);
}

async function checkSchema(account: Account): Promise<void> {
  const stored = Number(await account.client.get(account.key("schema")));
  if (stored > SCHEMA_VERSION) {
    throw new Error(
      `Cannot work on account "${account.name}": its data has layout ${stored}, this version knows ${SCHEMA_VERSION}; ` +
        `upgrade this process`,
    );
  }
}

async function quit(client: Redis): Promise<boolean> {
  return await client.quit().then(
    () => true,
    () => false,
  );
}

/** Closes a connection, politely if the server still answers. */
export async function closeClient(client: Redis): Promise<void> {
  const isClosed = client.status === "ready" && (await quit(client));
  if (!isClosed) client.disconnect();
}
