import { watchDuties, type Report, type RunningRole } from "@sluice/pipeline";
import { lookForWork, readHolds } from "@sluice/queue";
import { aborted, pause } from "@sluice/service";
import { EXIT } from "../exit-codes.ts";
import { serveHealthIfAsked } from "../health.ts";
import { createHoldNotes } from "../hold-notes.ts";
import { watchLoop } from "../loop-watchdog.ts";
import { restart } from "../restart.ts";
import {
  createReport,
  openSession,
  ROLES,
  startProducer,
  startRoles,
  type Role,
  type Session,
} from "../session.ts";
import { readUpSettings, type UpSettings } from "../settings.ts";
import type { Terminal } from "../terminal.ts";

const LOOK_MS = 500;
/** How long a process that is stuck may take to give back what it has in hand. */
const GIVE_BACK_MS = 3_000;
const LEAVE_MS_MAX = 10_000;

/** `sluice up`: runs roles until a signal, then finishes what is in hand. One that gets stuck starts itself again. */
export async function up(
  chosen: readonly Role[] | undefined,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const settings = readUpSettings(process.env, chosen?.includes("sender") ?? true);
  const isIntakeLeftOut = chosen === undefined && settings.intake === null;
  if (isIntakeLeftOut) {
    terminal.note(
      "the producer does not run: no SLUICE_INTAKE_KEYS_FILE is set; sluice key NAME makes a key for its HTTP intake",
    );
  }
  const roles = (chosen ?? ROLES).filter((role) => role !== "producer" || !isIntakeLeftOut);
  const isStuck = await runRoles(roles, settings, terminal, signal);
  return isStuck && !signal.aborted ? restart() : EXIT.done;
}

/** Runs until the signal, or until something is stuck; tells which. */
async function runRoles(
  roles: readonly Role[],
  settings: UpSettings,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<boolean> {
  const app = roles.join("+");
  const { progressTimeoutMs: timeoutMs } = settings;
  await using _loop = watchLoop(app, timeoutMs, restart);
  await using session = await openSession(settings, terminal, signal);
  const report = createReport(app, settings, terminal);
  await using running = await startRoles(session, settings, roles, report);
  await using intake = roles.includes("producer")
    ? await startProducer(session, settings, report)
    : null;
  const state = { failure: null as string | null };
  await using _health = await serveHealthIfAsked(
    process.env,
    () => session.account.client.ping(),
    () => state.failure,
  );
  const facts = { roles, account: settings.account, pid: process.pid };
  terminal.result({ ...facts, ...(intake && { intake: intake.url }) }, [
    `${roles.join(" and ")} running for account ${settings.account}; stop with Ctrl-C`,
    ...(intake ? [`intake: ${intake.url}/v1/connectors/default/assets`] : []),
  ]);
  void tellHolds(session, terminal, signal);
  const isStuck = await untilStuck({ running, session, report, timeoutMs, state, signal });
  if (isStuck) leaveSoon(session);
  else terminal.note("stopping: what is in hand is finished, the rest stays in Redis");
  return isStuck;
}

interface Watched {
  running: RunningRole;
  session: Session;
  report: Report;
  timeoutMs: number;
  /** What the process has failed in is told here meanwhile. */
  state: { failure: string | null };
  signal: AbortSignal;
}

async function untilStuck(watched: Watched): Promise<boolean> {
  const { running, session, report, timeoutMs, state, signal } = watched;
  if (running.duties.length === 0) {
    await aborted(signal);
    return false;
  }
  return await watchDuties({
    duties: running.duties,
    look: () => lookForWork(session.account),
    timeoutMs,
    tell(problem) {
      if (problem !== null) report({ event: "process.stuck", problem });
      else report({ event: "process.recovered", problem: state.failure ?? "" });
      state.failure = problem;
    },
    signal,
  });
}

/** What is stuck may not let go either: then connections are cut, and at the last the process starts again as it is. */
function leaveSoon({ account }: Session): void {
  setTimeout(() => account.giveUp(), GIVE_BACK_MS).unref();
  setTimeout(restart, LEAVE_MS_MAX).unref();
}

/** A courtesy: while Redis does not answer there is nothing to tell, and stopping does not wait for it. */
async function tellHolds(
  { account }: Session,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const noteHolds = createHoldNotes(terminal);
  while (!signal.aborted) {
    const holds = await readHolds(account).catch(() => null);
    if (holds !== null && !signal.aborted) noteHolds(holds, Date.now());
    await pause(LOOK_MS, signal);
  }
}
