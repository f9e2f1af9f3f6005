import { listRuns, readBacklog, readHolds } from "@sluice/queue";
import { pause } from "@sluice/service";
import { EXIT } from "../exit-codes.ts";
import { createHoldNotes, holdLine, isBlocking } from "../hold-notes.ts";
import { resumeCommand } from "../named-run.ts";
import {
  createReport,
  openSession,
  ROLES,
  startRoles,
  withoutRedis,
  type Session,
} from "../session.ts";
import { readWorkSettings, type WorkSettings } from "../settings.ts";
import { counted, type Terminal } from "../terminal.ts";

const LOOK_MS = 250;

/** `sluice drain`: works off all that waits, of whatever run, and ends. */
export async function drain(terminal: Terminal, signal: AbortSignal): Promise<number> {
  const settings = readWorkSettings(process.env);
  await using session = await openSession(settings, terminal, signal);
  try {
    return await workOff(session, settings, terminal, signal);
  } catch (error) {
    throw withoutRedis(session, error, "sluice drain");
  }
}

async function workOff(
  session: Session,
  settings: WorkSettings,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const report = createReport("drain", settings, terminal);
  await using _ = await startRoles(session, settings, ROLES, report);
  const noteHolds = createHoldNotes(terminal);
  for (;;) {
    const { records, outbox, parked, inFlight } = await readBacklog(session.account);
    const pending = records + outbox + parked + inFlight;
    const holds = await readHolds(session.account);
    const blocking = holds.find(isBlocking);
    if (pending === 0 || signal.aborted || blocking !== undefined) {
      const open = (await listRuns(session.account)).filter(({ state }) => state === "open");
      terminal.result({ pending, openRuns: open.map(({ id }) => id) }, [
        pending === 0 ? "drained: nothing waits" : `${counted(pending, "record")} still waiting`,
        ...open.map((run) => `  run ${run.id} is still open: ${resumeCommand(run)}`),
      ]);
      if (blocking) terminal.note(holdLine(blocking));
      return pending === 0 ? EXIT.done : EXIT.stopped;
    }
    noteHolds(holds, Date.now());
    terminal.progress(`${counted(pending, "record")} left${holds.length > 0 ? " | held" : ""}`);
    await pause(LOOK_MS, signal);
  }
}
