import {
  disabledConnectors,
  listRuns,
  readBacklog,
  readHolds,
  sumOfWaiting,
  type Hold,
  type Run,
} from "@sluice/queue";
import { pause } from "@sluice/service";
import { EXIT } from "../exit-codes.ts";
import { createHoldNotes, holdLine, isBlocking, ownerOf } from "../terminal/hold-notes.ts";
import { resumeCommand } from "../named-run.ts";
import { RunningAccounts } from "../roles/running-accounts.ts";
import { createOpener, createReport, withoutRedis, type Session } from "../session.ts";
import { chosenAccounts, readSettings, type Choice } from "../settings.ts";
import { counted, type Terminal } from "../terminal/terminal.ts";

const LOOK_MS = 250;
const RUNS_LOOKED_AT = 1_000;

/**
 * `sluice drain`: works off all that waits, of whatever run, and ends. What a disabled connector has stays, and so does what
 * waits for somebody to act: of a connector that is held, or configured no more.
 */
export async function drain(
  choice: Choice,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const settings = readSettings(process.env, "all");
  const accounts = chosenAccounts(settings, choice);
  await using opener = await createOpener(settings, terminal, signal);
  const reportOf = ({ name }: { name: string }) =>
    createReport("drain", settings, terminal, settings.file === null ? null : name);
  const roles = ["worker", "sender"] as const;
  await using running = await RunningAccounts.start(accounts, { opener, roles, reportOf });
  const { sessions } = running;
  try {
    return await workOff(sessions, terminal, signal);
  } catch (error) {
    throw withoutRedis(sessions, error, "sluice drain");
  }
}

async function workOff(
  sessions: readonly Session[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const notes = sessions.map((session) =>
    createHoldNotes(terminal, (hold) => ownerOf(hold, session.settings, sessions.length === 1)),
  );
  for (;;) {
    const all = await Promise.all(sessions.map(lookAt));
    const pending = sum(all.map((one) => one.pending));
    const isWorking = all.some((one) => one.pending > 0 && !one.blocking.some(isOfAccount));
    if (!isWorking || signal.aborted) return tellEnd(sessions, all, terminal);
    notes.forEach((noteHolds, index) => noteHolds(all[index]?.holds ?? [], Date.now()));
    const isHeld = all.some(({ holds }) => holds.length > 0);
    terminal.progress(`${counted(pending, "record")} left${isHeld ? " | held" : ""}`);
    await pause(LOOK_MS, signal);
  }
}

/** An account, as far as draining goes. */
interface Draining {
  /** What can be worked off. */
  pending: number;
  /** What else waits, but for disabled connectors: by UUID, of those that are held until somebody acts, or configured no more. */
  left: readonly (readonly [connector: string, count: number])[];
  holds: readonly Hold[];
  /** What won't end by itself. */
  blocking: readonly Hold[];
  openRuns: readonly Run[];
}

async function lookAt({ account, settings }: Session): Promise<Draining> {
  const disabled = await disabledConnectors(account);
  const configured = new Set(settings.connectors.map(({ uuid }) => uuid));
  const holds = (await readHolds(account)).filter(
    ({ scope }) => scope === "account" || (configured.has(scope) && !disabled.has(scope)),
  );
  const blocking = holds.filter(isBlocking);
  const blocked = new Set(blocking.map(({ scope }) => scope));
  const runs = await listRuns(account, RUNS_LOOKED_AT);
  const openRuns = runs.filter(({ state }) => state === "open");
  const isLeft = (connector: string) =>
    disabled.has(connector) || blocked.has(connector) || !configured.has(connector);
  if (!runs.some(({ connector }) => isLeft(connector))) {
    const pending = sumOfWaiting(await readBacklog(account));
    return { pending, left: [], holds, blocking, openRuns };
  }
  // By their books, for a worker still moves what waits of a connector that is held, and a canary is on none.
  const waiting = new Map<string, number>();
  for (const { connector, pending } of runs) {
    waiting.set(connector, (waiting.get(connector) ?? 0) + pending);
  }
  const counts = [...waiting].filter(([connector, count]) => count > 0 && !disabled.has(connector));
  const left = counts.filter(([connector]) => isLeft(connector));
  const workable = counts.filter(([connector]) => !isLeft(connector));
  return { pending: sum(workable.map(([, count]) => count)), left, holds, blocking, openRuns };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

function isOfAccount({ scope }: Hold): boolean {
  return scope === "account";
}

function tellEnd(
  sessions: readonly Session[],
  all: readonly Draining[],
  terminal: Terminal,
): number {
  const openRuns = all.flatMap((one) => one.openRuns);
  const left = all.flatMap((one) => one.left);
  const pending = sum([...all.map((one) => one.pending), ...left.map(([, count]) => count)]);
  const connectors = sessions.flatMap(({ settings }) => settings.connectors);
  const strange = left.filter(([uuid]) => connectors.every((connector) => connector.uuid !== uuid));
  terminal.result({ pending, openRuns: openRuns.map(({ id }) => id) }, [
    pending === 0 ? "drained: nothing waits" : `${counted(pending, "record")} still waiting`,
    ...strange.map(
      ([uuid, count]) =>
        `  ${counted(count, "record")} for connector ${uuid}, which is configured no more: add it again, then sluice drain`,
    ),
    ...openRuns.map((run) => `  run ${run.id} is still open: ${resumeCommand(run)}`),
  ]);
  for (const [index, { settings }] of sessions.entries()) {
    for (const hold of all[index]?.blocking ?? []) {
      terminal.note(holdLine(hold, ownerOf(hold, settings, sessions.length === 1)));
    }
  }
  return pending === 0 ? EXIT.done : EXIT.stopped;
}
