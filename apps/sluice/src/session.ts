import { startSender } from "@sluice/sender";
import { createLog } from "@sluice/service";
import { levelOf, type PipelineEvent, type Report } from "@sluice/pipeline";
import { EmbeddedRedis, openAccount, Queues, type Account } from "@sluice/queue";
import { startWorker } from "@sluice/worker";
import type { AccountSettings, WorkSettings } from "./settings.ts";
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
  const { dataDir, queueBytesMax } = settings;
  const redisUrl = settings.redisUrl ?? stack.use(await EmbeddedRedis.attach({ dataDir, say })).url;
  const account = stack.use(
    await openAccount({ redisUrl, account: settings.account, queueBytesMax }),
  );
  for (const warning of account.server.warnings) terminal.note(`warning: ${warning}`);
  const queues = stack.use(new Queues(account));
  const owned = stack.move();
  return { account, queues, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

export type Role = "worker" | "sender";
export const ROLES: readonly Role[] = ["worker", "sender"];

/** Runs roles in this process until disposed of. */
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

/** Writes events as log lines on stderr. On a terminal only what needs attention, unless asked for more. */
export function createReport(
  app: string,
  settings: { logLevel: AccountSettings["logLevel"] },
): Report {
  const isWatched = process.stderr.isTTY;
  const log = createLog({ app, level: settings.logLevel ?? (isWatched ? "warn" : "info") });
  return ({ event, ...fields }: PipelineEvent) => {
    log[levelOf({ event, ...fields } as PipelineEvent)](fields, event);
  };
}
