import { watchDuties, type Report } from "@sluice/pipeline";
import { startIntake, type Intake, type IntakeSettings } from "@sluice/producer";
import { readHolds, type Hold } from "@sluice/queue";
import { aborted, ConfigError, pause } from "@sluice/service";
import { ROLES, type Role } from "../roles/account-roles.ts";
import { findConfigFile } from "../config/find-file.ts";
import type { Needs } from "../config/needs.ts";
import { filesOfSettings } from "../config/named-files.ts";
import { CommandError, EXIT } from "../exit-codes.ts";
import { contentsOf, followSettings, Hangups } from "../roles/follow-settings.ts";
import { serveHealthIfAsked } from "../roles/health.ts";
import { createHoldNotes, ownerOf } from "../terminal/hold-notes.ts";
import { watchLoop } from "../roles/loop-watchdog.ts";
import { restart } from "../roles/restart.ts";
import { RunningAccounts } from "../roles/running-accounts.ts";
import { cannotBegin, createOpener, createReport, type Session } from "../session.ts";
import { readUpSettings, type UpSettings } from "../settings.ts";
import type { Terminal } from "../terminal/terminal.ts";

const LOOK_MS = 500;
/** How long a process that is stuck may take to give back what it has in hand. */
const GIVE_BACK_MS = 3_000;
const LEAVE_MS_MAX = 10_000;

/**
 * `sluice up`: runs roles, for every account, until a signal; then finishes what is in hand. One that gets stuck starts
 * itself again.
 */
export async function up(
  chosen: readonly Role[] | undefined,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  using hangups = new Hangups();
  const file = findConfigFile(process.env);
  // A file that goes away does not let the environment take its place.
  const environment = { ...process.env, SLUICE_CONFIG: file ?? "none" };
  const read = () => readUpSettings(environment, needsOfRoles(chosen ?? ROLES));
  // Looked at before the settings are read, so that no change is missed in between.
  const contents = await contentsOf(filesOfSettings(environment));
  const first = read();
  for (const note of first.settings.notes) terminal.note(`note: ${note}`);
  const roles = rolesFor(chosen, first.intake, terminal);
  const configured = { roles, environment, contents, read, first, hangups };
  const isStuck = await runRoles(configured, terminal, signal);
  return isStuck && !signal.aborted ? restart() : EXIT.done;
}

/** To send, credentials; to transform, mappings. */
function needsOfRoles(roles: readonly Role[]): Needs {
  const isSending = roles.includes("sender");
  if (roles.includes("worker")) return isSending ? "all" : "transforms";
  return isSending ? "calls" : "connectors";
}

function rolesFor(
  chosen: readonly Role[] | undefined,
  intake: IntakeSettings | null,
  terminal: Terminal,
): readonly Role[] {
  const isIntakeLeftOut = chosen === undefined && intake === null;
  if (isIntakeLeftOut) {
    terminal.note(
      "the producer does not run: no SLUICE_INTAKE_KEYS_FILE is set; sluice key NAME makes a key for its HTTP intake",
    );
  }
  return (chosen ?? ROLES).filter((role) => role !== "producer" || !isIntakeLeftOut);
}

interface Configured {
  roles: readonly Role[];
  environment: Readonly<Record<string, string | undefined>>;
  /** What the files said of which the settings are. */
  contents: Awaited<ReturnType<typeof contentsOf>>;
  read: () => UpSettings;
  first: UpSettings;
  hangups: Hangups;
}

/** Runs until the signal, or until something is stuck; tells which. */
async function runRoles(
  configured: Configured,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<boolean> {
  const { roles } = configured;
  const { settings, intake, progressTimeoutMs: timeoutMs } = configured.first;
  const app = roles.join("+");
  await using _loop = watchLoop(app, timeoutMs, restart);
  const report = createReport(app, settings, terminal);
  const reportOf = ({ name }: { name: string }) =>
    createReport(app, settings, terminal, settings.file === null ? null : name);
  await using opener = await createOpener(settings, terminal, signal);
  await using running = await RunningAccounts.start(settings.accounts, { opener, roles, reportOf });
  await using producer = roles.includes("producer")
    ? await startProducer(intake, running, report)
    : null;
  const state = { failure: null as string | null };
  const pingAll = async () =>
    await Promise.all(running.sessions.map(({ account }) => account.client.ping()));
  await using _health = await serveHealthIfAsked(process.env, pingAll, () => state.failure);
  tellRunning(configured, running, producer, terminal);
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  void tellHolds(() => running.sessions, terminal, until);
  const following = followFiles(configured, { running, report, signal: until });
  const isStuck = await untilStuck({ roles, running, report, timeoutMs, state, signal });
  over.abort();
  if (isStuck) leaveSoon(running.sessions);
  else terminal.note("stopping: what is in hand is finished, the rest stays in Redis");
  await following;
  return isStuck;
}

function tellRunning(
  { roles, first }: Configured,
  { connectors }: RunningAccounts,
  producer: Intake | null,
  terminal: Terminal,
): void {
  const accounts = first.settings.accounts.map(({ name }) => name);
  const now = { roles, accounts, pid: process.pid };
  terminal.result({ ...now, ...(producer && { intake: producer.url }) }, [
    `${roles.join(" and ")} running for account ${accounts.join(", ")}; stop with Ctrl-C`,
    ...(producer
      ? [...connectors.keys()].map((name) => `intake: ${producer.url}/v1/connectors/${name}/assets`)
      : []),
  ]);
}

interface Watching {
  roles: readonly Role[];
  running: RunningAccounts;
  report: Report;
  timeoutMs: number;
  /** What the process has failed in is told here meanwhile. */
  state: { failure: string | null };
  signal: AbortSignal;
}

async function untilStuck(watching: Watching): Promise<boolean> {
  const { roles, running, report, timeoutMs, state, signal } = watching;
  if (roles.every((role) => role === "producer")) {
    await aborted(signal);
    return false;
  }
  return await watchDuties({
    watched: () => running.watched,
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
function leaveSoon(sessions: readonly Session[]): void {
  setTimeout(() => sessions.forEach(({ account }) => account.giveUp()), GIVE_BACK_MS).unref();
  setTimeout(restart, LEAVE_MS_MAX).unref();
}

/** Runs the HTTP intake in this process until disposed of. */
async function startProducer(
  intake: IntakeSettings | null,
  { connectors }: RunningAccounts,
  report: Report,
): Promise<Intake> {
  if (intake === null) {
    throw new CommandError(
      "Cannot run the producer: nobody could use its intake; make a key with sluice key NAME and set SLUICE_INTAKE_KEYS_FILE, or set SLUICE_INTAKE_WEBHOOK_SECRETS",
    );
  }
  const onTrouble = (message: string) => report({ event: "trouble", stage: "intake", message });
  return await startIntake({ connectors, onTrouble, ...intake }).catch(cannotBegin);
}

interface Followed {
  running: RunningAccounts;
  report: Report;
  signal: AbortSignal;
}

/** Changed files are in force at once; wrong ones change nothing, and it is said what is wrong. */
async function followFiles(
  { environment, contents, read, hangups }: Configured,
  { running, report, signal }: Followed,
): Promise<void> {
  await followSettings(contents, {
    read: () => read().settings,
    files: () => filesOfSettings(environment),
    hangups,
    signal,
    async apply(settings) {
      const { accounts } = settings;
      await running.apply(accounts);
      const connectors = accounts.flatMap((account) => account.connectors);
      report({
        event: "settings.applied",
        files: filesOfSettings(environment),
        accounts: accounts.map(({ name }) => name),
        connectors: connectors.map(({ name }) => name),
      });
    },
    onRefused(error) {
      const message = error instanceof Error ? error.message : String(error);
      const problems = error instanceof ConfigError ? error.problems : [message];
      report({ event: "settings.refused", problems });
    },
  });
}

/** A courtesy: while Redis does not answer there is nothing to tell, and stopping does not wait for it. */
async function tellHolds(
  sessions: () => readonly Session[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const notes = new WeakMap<Session, ReturnType<typeof createHoldNotes>>();
  while (!signal.aborted) {
    for (const session of sessions()) {
      const whose = (hold: Hold) => ownerOf(hold, session.settings, sessions().length === 1);
      const noteHolds = notes.get(session) ?? createHoldNotes(terminal, whose);
      notes.set(session, noteHolds);
      const holds = await readHolds(session.account).catch(() => null);
      if (holds !== null && !signal.aborted) noteHolds(holds, Date.now());
    }
    await pause(LOOK_MS, signal);
  }
}
