import { startIntake, type Intake } from "@sluice/producer";
import { startSender } from "@sluice/sender";
import { createLog } from "@sluice/service";
import { levelOf, type PipelineEvent, type Report } from "@sluice/pipeline";
import { EmbeddedRedis, openAccount, Queues, type Account } from "@sluice/queue";
import { startWorker } from "@sluice/worker";
import { CommandError, EXIT } from "./exit-codes.ts";
import type { AccountSettings, UpSettings, WorkSettings } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

/** One command's hold on an account: its Redis, its queues. */
export interface Session extends AsyncDisposable {
  account: Account;
  queues: Queues;
}

/** Opens the account on the given Redis, or on the embedded one. */
export async function openSession(settings: AccountSettings, terminal: Terminal): Promise<Session> {
  await using stack = new AsyncDisposableStack();
  const say = (message: string) => terminal.note(`sluice: ${message}`);
  const { dataDir, queueBytesMax, memoryPercentMax, deadLettersMax } = settings;
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
    }).catch(cannotBegin),
  );
  for (const warning of account.server.warnings) terminal.note(`warning: ${warning}`);
  const queues = stack.use(new Queues(account));
  const owned = stack.move();
  return { account, queues, [Symbol.asyncDispose]: () => owned.disposeAsync() };
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
): Promise<AsyncDisposable> {
  const { account, queues } = session;
  await using stack = new AsyncDisposableStack();
  if (roles.includes("sender")) {
    const client = stack.use(settings.createClient());
    stack.use(await startSender({ account, queues, client, report, ...settings.sender }));
  }
  if (roles.includes("worker")) {
    const policyOf = (connector: string) =>
      connector === settings.connectorUuid ? settings.policy : null;
    stack.use(await startWorker({ account, queues, policyOf, report, ...settings.worker }));
  }
  return stack.move();
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
