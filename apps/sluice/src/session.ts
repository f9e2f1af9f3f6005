import { startIntake, type Intake } from "@sluice/producer";
import { startSender } from "@sluice/sender";
import { createLog } from "@sluice/service";
import { levelOf, type PipelineEvent, type Report, type RunningRole } from "@sluice/pipeline";
import { EmbeddedRedis, giveUpAfter, openAccount, Queues, type Account } from "@sluice/queue";
import { startWorker } from "@sluice/worker";
import { CommandError, EXIT } from "./exit-codes.ts";
import type { AccountSettings, UpSettings, WorkSettings } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

const END_MS = 100;

/** One command's hold on an account: its Redis, its queues. */
export interface Session extends AsyncDisposable {
  account: Account;
  queues: Queues;
}

/** Opens the account on the given Redis, or on the embedded one. After the signal it waits no longer for a silent one. */
export async function openSession(
  settings: AccountSettings,
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<Session> {
  await using stack = new AsyncDisposableStack();
  const say = (message: string) => terminal.note(`sluice: ${message}`);
  const { dataDir, queueBytesMax, memoryPercentMax, deadLettersMax } = settings;
  const answerMs = settings.redisAnswerMs;
  const redisUrl =
    settings.redisUrl ??
    stack.use(await EmbeddedRedis.attach({ dataDir, say }).catch(cannotBegin)).url;
  const account = stack.use(
    await openAccount({
      redisUrl,
      account: settings.account,
      queueBytesMax,
      memoryPercentMax,
      deadLettersMax,
      answerMs,
    }).catch(cannotBegin),
  );
  for (const warning of account.server.warnings) terminal.note(`warning: ${warning}`);
  const queues = stack.use(new Queues(account));
  if (signal) stack.use(giveUpAfter(account, signal));
  stack.defer(() => void (account.isGivenUp && endSoon()));
  const owned = stack.move();
  return { account, queues, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** BullMQ leaves timers of seconds behind where its connections were cut. */
function endSoon(): void {
  setTimeout(() => process.exit(), END_MS).unref();
}

/** The end of a command that was told to stop while Redis did not answer; any other error as it is. */
export function withoutRedis({ account }: Session, cause: unknown, command: string): unknown {
  if (!account.isGivenUp) return cause;
  return new CommandError(
    `stopped while Redis did not answer; nothing is lost. When it is back, continue with: ${command}`,
    EXIT.stopped,
    { cause },
  );
}

/** Whatever keeps Redis from being used lies in the configuration or the machine, and nothing has been begun. */
function cannotBegin(cause: unknown): never {
  const message = cause instanceof Error ? cause.message : String(cause);
  const isOurs = message.startsWith("Cannot ");
  throw new CommandError(
    isOurs ? message : `Cannot use Redis: ${message}; check REDIS_URL and SLUICE_DATA_DIR`,
    EXIT.usage,
    { cause },
  );
}

export type Role = "producer" | "worker" | "sender";
export const ROLES: readonly Role[] = ["producer", "worker", "sender"];

/** With no `sluice.yaml` there is one connector. */
const ONLY_CONNECTOR = "default";

/** Runs the HTTP intake in this process until disposed of. */
export async function startProducer(
  { account, queues }: Session,
  { intake, connectorUuid }: UpSettings,
  report: Report,
): Promise<Intake> {
  if (intake === null) {
    throw new CommandError(
      "Cannot run the producer: nobody could use its intake; make a key with sluice key NAME and set SLUICE_INTAKE_KEYS_FILE, or set SLUICE_INTAKE_WEBHOOK_SECRETS",
    );
  }
  const connectors = new Map([[ONLY_CONNECTOR, connectorUuid]]);
  const onTrouble = (message: string) => report({ event: "trouble", stage: "intake", message });
  return await startIntake({ account, queues, connectors, onTrouble, ...intake }).catch(
    cannotBegin,
  );
}

/** Runs workers and senders in this process until disposed of. */
export async function startRoles(
  session: Session,
  settings: WorkSettings,
  roles: readonly Role[],
  report: Report,
): Promise<RunningRole> {
  const { account, queues } = session;
  await using stack = new AsyncDisposableStack();
  const running: RunningRole[] = [];
  if (roles.includes("sender")) {
    const client = stack.use(settings.createClient());
    const options = { account, queues, client, report, ...settings.sender };
    running.push(stack.use(await startSender(options)));
  }
  if (roles.includes("worker")) {
    const policyOf = (connector: string) =>
      connector === settings.connectorUuid ? settings.policy : null;
    const options = { account, queues, policyOf, report, ...settings.worker };
    running.push(stack.use(await startWorker(options)));
  }
  const owned = stack.move();
  return {
    duties: running.flatMap(({ duties }) => duties),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/**
 * Writes events as log lines on stderr. Where a person watches, unless asked for more, only what needs attention; of
 * holds the terminal tells.
 */
export function createReport(
  app: string,
  { logLevel }: Pick<AccountSettings, "logLevel">,
  { isWatched }: Terminal,
): Report {
  const log = createLog({ app, level: logLevel ?? (isWatched ? "warn" : "info") });
  const areHoldsTold = isWatched && logLevel === null;
  return (occurrence: PipelineEvent) => {
    const { event, ...fields } = occurrence;
    if (event === "send.held" && areHoldsTold) return;
    log[levelOf(occurrence)](fields, event);
  };
}
