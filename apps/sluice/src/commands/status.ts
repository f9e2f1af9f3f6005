import {
  countDeadLetters,
  listRuns,
  readBacklog,
  readBudget,
  readHolds,
  readPressure,
  recentCalls,
  type BudgetStatus,
  type Hold,
  type Pressure,
} from "@sluice/queue";
import type { AccountSettings } from "../config/account-settings.ts";
import { scopeText, withConnectorName } from "../connector-names.ts";
import { EXIT } from "../exit-codes.ts";
import { endOf } from "../terminal/hold-notes.ts";
import { waitingText } from "../terminal/pressure-notes.ts";
import { openSessions, type Session } from "../session.ts";
import { chosenAccounts, readSettings, type Choice } from "../settings.ts";
import {
  bytesText,
  clockText,
  counted,
  grouped,
  instantText,
  spanText,
  type Terminal,
} from "../terminal/terminal.ts";

const CALLS_SHOWN = 5;

/** `sluice status`: where everything is, and what keeps it there; of several accounts, each in turn. */
export async function status(choice: Choice, terminal: Terminal): Promise<number> {
  const settings = readSettings(process.env, "account");
  const accounts = chosenAccounts(settings, choice);
  await using sessions = await openSessions(settings, accounts, terminal);
  const all = await Promise.all(sessions.all.map(statusOf));
  terminal.result(
    { accounts: all.map(({ object }) => object) },
    all.flatMap(({ lines }) => lines),
  );
  return EXIT.done;
}

async function statusOf({
  account,
  queues,
  settings,
}: Session): Promise<{ object: object; lines: string[] }> {
  const [holds, budget, backlog, pressure, deadLetters, calls, jobs, runs] = await Promise.all([
    readHolds(account),
    readBudget(account),
    readBacklog(account),
    readPressure(account),
    countDeadLetters(account),
    recentCalls(account, CALLS_SHOWN),
    queues.counts(),
    listRuns(account, 20),
  ]);
  const openRuns = runs
    .filter(({ state }) => state === "open" || state === "sealed")
    .map(({ id }) => id);
  const failedJobs = Object.values(jobs).reduce((sum, { failed }) => sum + failed, 0);
  const { product, version } = account.server;
  const object = {
    account: settings.name,
    redisName: account.name,
    redis: `${product} ${version}`,
    holds: holds.map((hold) => withConnectorName(hold, settings, hold.scope)),
    budget,
    backlog,
    pressure,
    openRuns,
    deadLetters,
    failedJobs,
    calls,
  };
  const lines = [
    `account ${settings.name} on ${product} ${version}`,
    `  budget: ${budgetText(budget)}`,
    `  forecast: ${forecastText(budget)}`,
    ...(holds.length === 0
      ? ["  no hold in force"]
      : holds.map((hold) => `  held: ${holdText(hold, settings)}`)),
    `  waiting: ${grouped(backlog.records)} records in chunks, ${grouped(backlog.outbox)} assets in the outbox, ` +
      `${grouped(backlog.parked)} parked, ${grouped(backlog.inFlight)} in flight in ${backlog.batches} batches`,
    ...(backlog.suspects === 0
      ? []
      : [
          `  suspects: ${grouped(backlog.suspects)} assets of refused batches, ${counted(backlog.quarantined, "batch")} of them in quarantine until calls are spare`,
        ]),
    `  memory: ${waitingText(pressure)}, which uses ${usedText(pressure)}`,
    `  senders: ${backlog.senders}; unfinished runs: ${openRuns.length > 0 ? openRuns.join(", ") : "none"}`,
    `  dead letters: ${grouped(deadLetters)}`,
    ...(failedJobs > 0
      ? [
          `  ALARM: ${counted(failedJobs, "job")} ${failedJobs === 1 ? "is" : "are"} in a failed set; none ever should be`,
        ]
      : []),
    ...calls.map(
      (call) =>
        `  call at ${clockText(call.atMs)}: ${call.assets} assets, status ${call.status ?? "none"}, ${call.verdict}${call.message ? `: ${call.message}` : ""}`,
    ),
  ];
  return { object, lines };
}

function usedText({ used, usedMax }: Pressure): string {
  const most = usedMax === null ? "and has no maxmemory" : `of ${bytesText(usedMax)}`;
  return `${bytesText(used)} ${most}`;
}

function budgetText(budget: BudgetStatus): string {
  if (budget.limit === null || budget.windowMs === null) return unknownBudgetText(budget);
  const { limit, windowMs, foreign, slack } = budget;
  return [
    `${grouped(limit)} calls in ${spanText(windowMs)}, ${budget.concurrency ?? 1} at once`,
    `${grouped(budget.free)} free now`,
    ...(budget.isSpread ? ["spread over the window"] : []),
    ...(foreign > 0 ? [`${grouped(foreign)} of others in the window`] : []),
    ...(slack > 0 ? [`${grouped(slack)} left to others after refusals`] : []),
  ].join(", ");
}

function unknownBudgetText({ remaining }: BudgetStatus): string {
  if (remaining === null) return "not known yet: the first call will tell";
  return `${grouped(remaining)} calls left at the last reading; the server tells no limit`;
}

function forecastText({ callsToGo, doneAtMs }: BudgetStatus): string {
  if (callsToGo === 0) return "nothing to send";
  const nowMs = Date.now();
  const when = doneAtMs === null ? "nobody knows when" : `by ${instantText(doneAtMs, nowMs)}`;
  return `about ${counted(callsToGo, "call")} to go, ${when}`;
}

function holdText(hold: Hold, settings: AccountSettings): string {
  return `${scopeText(hold.scope, settings, true)} until ${endOf(hold)}, ${hold.reason}: ${hold.message}`;
}
