import {
  countDeadLetters,
  listRuns,
  readBacklog,
  readBudget,
  readHolds,
  recentCalls,
} from "@sluice/queue";
import { EXIT } from "../exit-codes.ts";
import { openSession } from "../session.ts";
import { readAccountSettings } from "../settings.ts";
import { clockText, grouped, spanText, type Terminal } from "../terminal.ts";

const CALLS_SHOWN = 5;

/** `sluice status`: where everything is, and what keeps it there. */
export async function status(terminal: Terminal): Promise<number> {
  await using session = await openSession(readAccountSettings(process.env), terminal);
  const { account, queues } = session;
  const [holds, budget, backlog, deadLetters, calls, jobs, runs] = await Promise.all([
    readHolds(account),
    readBudget(account),
    readBacklog(account),
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
    account: account.name,
    redis: `${product} ${version}`,
    holds,
    budget,
    backlog,
    openRuns,
    deadLetters,
    failedJobs,
    calls,
  };
  terminal.result(object, [
    `account ${account.name} on ${product} ${version}`,
    `  budget: ${budgetText(budget)}`,
    ...(holds.length === 0
      ? ["  no hold in force"]
      : holds.map((hold) => `  held: ${holdText(hold)}`)),
    `  waiting: ${grouped(backlog.records)} records in chunks, ${grouped(backlog.outbox)} assets in the outbox, ` +
      `${grouped(backlog.parked)} parked, ${grouped(backlog.inFlight)} in flight in ${backlog.batches} batches`,
    `  senders: ${backlog.senders}; unfinished runs: ${openRuns.length > 0 ? openRuns.join(", ") : "none"}`,
    `  dead letters: ${grouped(deadLetters)}`,
    ...(failedJobs > 0
      ? [`  ALARM: ${failedJobs} jobs are in a failed set; none ever should be`]
      : []),
    ...calls.map(
      (call) =>
        `  call at ${clockText(call.atMs)}: ${call.assets} assets, status ${call.status ?? "none"}, ${call.verdict}${call.message ? `: ${call.message}` : ""}`,
    ),
  ]);
  return EXIT.done;
}

function budgetText(budget: Awaited<ReturnType<typeof readBudget>>): string {
  if (budget.limit === null || budget.windowMs === null)
    return "not known yet: the first call will tell";
  const left = budget.remaining === null ? "" : `, ${budget.remaining} left at the last reading`;
  return `${grouped(budget.limit)} calls in ${spanText(budget.windowMs)}${left}, ${budget.concurrency ?? 1} at once`;
}

function holdText(hold: Awaited<ReturnType<typeof readHolds>>[number]): string {
  const until = hold.untilMs === null ? "until sluice resume" : `until ${clockText(hold.untilMs)}`;
  return `${hold.scope} ${until}, ${hold.reason}: ${hold.message}`;
}
