import { listRuns, readBacklog, readHolds } from "@sluice/queue";
import { pause } from "@sluice/service";
import { EXIT } from "../exit-codes.ts";
import { createReport, openSession, ROLES, startRoles } from "../session.ts";
import { readWorkSettings } from "../settings.ts";
import { grouped, type Terminal } from "../terminal.ts";

const LOOK_MS = 250;

/** `sluice drain`: works off all that waits, of whatever run, and ends. */
export async function drain(terminal: Terminal, signal: AbortSignal): Promise<number> {
  const settings = readWorkSettings(process.env);
  await using session = await openSession(settings, terminal);
  await using _ = await startRoles(session, settings, ROLES, createReport("drain", settings));
  for (;;) {
    const { records, outbox, parked, inFlight } = await readBacklog(session.account);
    const pending = records + outbox + parked + inFlight;
    const holds = await readHolds(session.account);
    const endless = holds.find(({ untilMs }) => untilMs === null);
    terminal.progress(
      `${grouped(pending)} records left${holds[0] ? ` | held: ${holds[0].reason}` : ""}`,
    );
    if (pending === 0 || signal.aborted || endless !== undefined) {
      const open = (await listRuns(session.account)).filter(({ state }) => state === "open");
      terminal.result({ pending, openRuns: open.map(({ id }) => id) }, [
        pending === 0 ? "drained: nothing waits" : `${grouped(pending)} records still wait`,
        ...open.map(({ id }) => `  run ${id} is still open: sluice push --resume ${id}`),
      ]);
      if (endless)
        terminal.note(`held (${endless.reason}): ${endless.message}; then: sluice resume`);
      return pending === 0 ? EXIT.done : EXIT.stopped;
    }
    await pause(LOOK_MS, signal);
  }
}
