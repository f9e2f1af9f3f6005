import { readHolds } from "@sluice/queue";
import { aborted, pause } from "@sluice/service";
import { EXIT } from "../exit-codes.ts";
import { createHoldNotes } from "../hold-notes.ts";
import { createReport, openSession, startRoles, type Role, type Session } from "../session.ts";
import { readWorkSettings } from "../settings.ts";
import type { Terminal } from "../terminal.ts";

const LOOK_MS = 500;

/** `sluice up`: runs roles until a signal, then drains what is in hand. */
export async function up(
  roles: readonly Role[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const settings = readWorkSettings(process.env, { callsQualys: roles.includes("sender") });
  await using session = await openSession(settings, terminal);
  const report = createReport(roles.join("+"), settings, terminal);
  await using _ = await startRoles(session, settings, roles, report);
  terminal.result({ roles, account: settings.account, pid: process.pid }, [
    `${roles.join(" and ")} running for account ${settings.account}; stop with Ctrl-C`,
  ]);
  void tellHolds(session, terminal, signal);
  await aborted(signal);
  terminal.note("stopping: what is in hand is finished, the rest stays in Redis");
  return EXIT.done;
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
