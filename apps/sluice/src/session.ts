import { createLog } from "@sluice/service";
import { levelOf, type PipelineEvent, type Report } from "@sluice/pipeline";
import { EmbeddedRedis, giveUpAfter, openAccount, Queues, type Account } from "@sluice/queue";
import type { AccountSettings } from "./config/account-settings.ts";
import { CommandError, EXIT } from "./exit-codes.ts";
import type { ProcessSettings } from "./settings.ts";
import type { Terminal } from "./terminal/terminal.ts";

const END_MS = 100;

/** One command's hold on an account: its settings when it was opened, its Redis, its queues. */
export interface Session extends AsyncDisposable {
  settings: AccountSettings;
  account: Account;
  queues: Queues;
}

/** What opens sessions: the given Redis, or the embedded one, which lasts as long as this does. */
export interface Opener extends AsyncDisposable {
  open(settings: AccountSettings): Promise<Session>;
}

/** Finds the given Redis, or starts the embedded one. After the signal its sessions wait no longer for a silent one. */
export async function createOpener(
  settings: ProcessSettings,
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<Opener> {
  const { dataDir, queueBytesMax, memoryPercentMax, deadLettersMax } = settings;
  await using stack = new AsyncDisposableStack();
  const say = (message: string) => terminal.note(`sluice: ${message}`);
  const redisUrl =
    settings.redisUrl ??
    stack.use(await EmbeddedRedis.attach({ dataDir, say }).catch(cannotBegin)).url;
  const bounds = { queueBytesMax, memoryPercentMax, deadLettersMax };
  const how = { redisUrl, ...bounds, answerMs: settings.redisAnswerMs };
  const told = new Set<string>();
  async function open(one: AccountSettings): Promise<Session> {
    await using parts = new AsyncDisposableStack();
    const options = { ...how, account: one.redisName };
    const account = parts.use(await openAccount(options).catch(cannotBegin));
    for (const warning of account.server.warnings) {
      if (!told.has(warning)) terminal.note(`warning: ${warning}`);
      told.add(warning);
    }
    const queues = parts.use(new Queues(account));
    if (signal) parts.use(giveUpAfter(account, signal));
    parts.defer(() => void (account.isGivenUp && endSoon()));
    const owned = parts.move();
    return { settings: one, account, queues, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  }
  const owned = stack.move();
  return { open, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Opens one account. After the signal it waits no longer for a silent Redis. */
export async function openSession(
  settings: ProcessSettings,
  account: AccountSettings,
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<Session> {
  await using stack = new AsyncDisposableStack();
  const opener = stack.use(await createOpener(settings, terminal, signal));
  const session = stack.use(await opener.open(account));
  const owned = stack.move();
  return { ...session, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Sessions of several accounts. */
export interface Sessions extends AsyncDisposable {
  all: readonly Session[];
}

/** Opens each of the accounts. */
export async function openSessions(
  settings: ProcessSettings,
  accounts: readonly AccountSettings[],
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<Sessions> {
  await using stack = new AsyncDisposableStack();
  const opener = stack.use(await createOpener(settings, terminal, signal));
  const all: Session[] = [];
  for (const account of accounts) all.push(stack.use(await opener.open(account)));
  const owned = stack.move();
  return { all, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** BullMQ leaves timers of seconds behind where its connections were cut. */
function endSoon(): void {
  setTimeout(() => process.exit(), END_MS).unref();
}

/** The end of a command that was told to stop while Redis did not answer; any other error as it is. */
export function withoutRedis(
  sessions: readonly Session[],
  cause: unknown,
  command: string,
): unknown {
  if (!sessions.some(({ account }) => account.isGivenUp)) return cause;
  return new CommandError(
    `stopped while Redis did not answer; nothing is lost. When it is back, continue with: ${command}`,
    EXIT.stopped,
    { cause },
  );
}

/** Whatever keeps Redis from being used lies in the configuration or the machine, and nothing has been begun. */
export function cannotBegin(cause: unknown): never {
  const message = cause instanceof Error ? cause.message : String(cause);
  const isOurs = message.startsWith("Cannot ");
  throw new CommandError(
    isOurs ? message : `Cannot use Redis: ${message}; check REDIS_URL and SLUICE_DATA_DIR`,
    EXIT.usage,
    { cause },
  );
}

/**
 * Writes events as log lines on stderr. Where a person watches, unless asked for more, only what needs attention; of
 * holds the terminal tells. Where there may be several accounts, each line says whose it is.
 */
export function createReport(
  app: string,
  { logLevel }: Pick<ProcessSettings, "logLevel">,
  { isWatched }: Terminal,
  account: string | null = null,
): Report {
  const log = createLog({ app, level: logLevel ?? (isWatched ? "warn" : "info") });
  const areHoldsTold = isWatched && logLevel === null;
  return (occurrence: PipelineEvent) => {
    const { event, ...fields } = occurrence;
    if (event === "send.held" && areHoldsTold) return;
    log[levelOf(occurrence)]({ ...(account !== null && { account }), ...fields }, event);
  };
}
