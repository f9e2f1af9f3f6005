import { allowMoreLetters, beginHold, endHolds, readHolds } from "@sluice/queue";
import { EXIT } from "../exit-codes.ts";
import { openSession } from "../session.ts";
import { readAccountSettings } from "../settings.ts";
import type { Terminal } from "../terminal.ts";

/** `sluice pause`: no call is made until `sluice resume`; enqueueing and transforming go on. */
export async function pauseSending(terminal: Terminal): Promise<number> {
  await using session = await openSession(readAccountSettings(process.env), terminal);
  const message = "paused by an operator; sluice resume ends it";
  const isNew = await beginHold(session.account, {
    scope: "account",
    reason: "operator",
    durationMs: null,
    message,
  });
  terminal.result({ paused: true, isNew }, [
    isNew ? "paused: no call is made until sluice resume" : "was paused already",
  ]);
  return EXIT.done;
}

/** `sluice resume`: ends every hold, whatever its reason. */
export async function resumeSending(terminal: Terminal): Promise<number> {
  await using session = await openSession(readAccountSettings(process.env), terminal);
  for (const { reason, scope } of await readHolds(session.account)) {
    if (reason === "dead-letters") await allowMoreLetters(session.account, scope);
  }
  const ended = await endHolds(session.account);
  await session.queues.promoteDelayed();
  terminal.result(
    { ended },
    ended.length > 0 ? ended.map((hold) => `ended: ${hold}`) : ["no hold was in force"],
  );
  return EXIT.done;
}
