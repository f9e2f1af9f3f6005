import {
  disabledConnectors,
  listRuns,
  readBacklog,
  readHolds,
  readWaiting,
  type Account,
  type Hold,
  type Run,
  type Waiting,
} from "@sluice/queue";
import { pause } from "@sluice/service";
import { EXIT } from "../exit-codes.ts";
import { createHoldNotes, holdLine, isBlocking } from "../hold-notes.ts";
import { resumeCommand } from "../named-run.ts";
import { RunningAccounts } from "../running-accounts.ts";
import { createOpener, createReport, withoutRedis, type Session } from "../session.ts";
import { chosenAccounts, readSettings, type Choice } from "../settings.ts";
import { counted, type Terminal } from "../terminal.ts";

const LOOK_MS = 250;

/** `sluice drain`: works off all that waits, of whatever run, and ends. What a disabled connector has stays. */
export async function drain(
  choice: Choice,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const settings = readSettings(process.env, "calls");
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
  const noteHolds = createHoldNotes(terminal);
  for (;;) {
    const all = await Promise.all(sessions.map(lookAt));
    const pending = all.reduce((sum, one) => sum + one.pending, 0);
    const isWorking = all.some((one) => one.pending > 0 && one.blocking === null);
    if (!isWorking || signal.aborted) return tellEnd(all, pending, terminal);
    const holds = all.flatMap((one) => one.holds);
    noteHolds(holds, Date.now());
    terminal.progress(`${counted(pending, "record")} left${holds.length > 0 ? " | held" : ""}`);
    await pause(LOOK_MS, signal);
  }
}

/** An account, as far as draining goes. */
interface Draining {
  pending: number;
  holds: readonly Hold[];
  /** What won't end by itself. */
  blocking: Hold | null;
  openRuns: readonly Run[];
}

async function lookAt({ account }: Session): Promise<Draining> {
  const disabled = await disabledConnectors(account);
  const holds = (await readHolds(account)).filter(({ scope }) => !disabled.has(scope));
  const pending = await countPending(account, disabled);
  const openRuns = (await listRuns(account)).filter(({ state }) => state === "open");
  return { pending, holds, blocking: holds.find(isBlocking) ?? null, openRuns };
}

/** What waits, but for disabled connectors. */
async function countPending(account: Account, disabled: ReadonlySet<string>): Promise<number> {
  if (disabled.size === 0) return sumOf(await readBacklog(account));
  const waiting = (await readWaiting(account)).entries();
  return waiting
    .filter(([connector]) => !disabled.has(connector))
    .reduce((sum, [, one]) => sum + sumOf(one), 0);
}

function sumOf({ records, outbox, parked, inFlight }: Waiting): number {
  return records + outbox + parked + inFlight;
}

function tellEnd(all: readonly Draining[], pending: number, terminal: Terminal): number {
  const openRuns = all.flatMap((one) => one.openRuns);
  terminal.result({ pending, openRuns: openRuns.map(({ id }) => id) }, [
    pending === 0 ? "drained: nothing waits" : `${counted(pending, "record")} still waiting`,
    ...openRuns.map((run) => `  run ${run.id} is still open: ${resumeCommand(run)}`),
  ]);
  for (const { blocking } of all) if (blocking) terminal.note(holdLine(blocking));
  return pending === 0 ? EXIT.done : EXIT.stopped;
}
