import { aborted } from "@sluice/service";
import { EXIT } from "../exit-codes.ts";
import { createReport, openSession, startRoles, type Role } from "../session.ts";
import { readWorkSettings } from "../settings.ts";
import type { Terminal } from "../terminal.ts";

/** `sluice up`: runs roles until a signal, then drains what is in hand. */
export async function up(
  roles: readonly Role[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const settings = readWorkSettings(process.env);
  await using session = await openSession(settings, terminal);
  const report = createReport(roles.join("+"), settings);
  await using _ = await startRoles(session, settings, roles, report);
  terminal.result({ roles, account: settings.account, pid: process.pid }, [
    `${roles.join(" and ")} running for account ${settings.account}; stop with Ctrl-C`,
  ]);
  await aborted(signal);
  terminal.note("stopping: what is in hand is finished, the rest stays in Redis");
  return EXIT.done;
}
