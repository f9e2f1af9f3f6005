import { readHolds } from "@sluice/queue";
import { aborted, pause } from "@sluice/service";
import { EXIT } from "../exit-codes.ts";
import { serveHealthIfAsked } from "../health.ts";
import { createHoldNotes } from "../hold-notes.ts";
import {
  createReport,
  openSession,
  ROLES,
  startProducer,
  startRoles,
  type Role,
  type Session,
} from "../session.ts";
import { readUpSettings } from "../settings.ts";
import type { Terminal } from "../terminal.ts";

const LOOK_MS = 500;

/** `sluice up`: runs roles until a signal, then finishes what is in hand. */
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
  await using session = await openSession(settings, terminal);
  const report = createReport(roles.join("+"), settings, terminal);
  await using _ = await startRoles(session, settings, roles, report);
  await using intake = roles.includes("producer")
    ? await startProducer(session, settings, report)
    : null;
  await using _health = await serveHealthIfAsked(process.env, () => session.account.client.ping());
  const running = { roles, account: settings.account, pid: process.pid };
  terminal.result({ ...running, ...(intake && { intake: intake.url }) }, [
    `${roles.join(" and ")} running for account ${settings.account}; stop with Ctrl-C`,
    ...(intake ? [`intake: ${intake.url}/v1/connectors/default/assets`] : []),
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
