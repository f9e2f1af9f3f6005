import { allowMoreLetters, beginHold, endHolds, readHolds } from "@sluice/queue";
import { EXIT } from "../exit-codes.ts";
import { openSessions } from "../session.ts";
import { chosenAccounts, chosenUuid, needsOf, readSettings, type Choice } from "../settings.ts";
import type { Terminal } from "../terminal.ts";

/** `sluice pause`: no call is made until `sluice resume`; enqueueing and transforming go on. */
export async function pauseSending(choice: Choice, terminal: Terminal): Promise<number> {
  const settings = readSettings(process.env, needsOf(choice));
  const accounts = chosenAccounts(settings, choice);
  const scope = chosenUuid(settings, choice) ?? "account";
  await using sessions = await openSessions(settings, accounts, terminal);
  const message = "paused by an operator; sluice resume ends it";
  const hold = { scope, reason: "operator", durationMs: null, message } as const;
  let isNew = false;
  for (const { account } of sessions.all) isNew = (await beginHold(account, hold)) || isNew;
  terminal.result({ paused: true, isNew }, [
    isNew ? "paused: no call is made until sluice resume" : "was paused already",
  ]);
  return EXIT.done;
}

/** `sluice resume`: ends every hold, whatever its reason; a disabled connector stays disabled. */
export async function resumeSending(choice: Choice, terminal: Terminal): Promise<number> {
  const settings = readSettings(process.env, needsOf(choice));
  const accounts = chosenAccounts(settings, choice);
  const uuid = chosenUuid(settings, choice);
  await using sessions = await openSessions(settings, accounts, terminal);
  const ended: string[] = [];
  for (const { account, queues } of sessions.all) {
    for (const { reason, scope } of await readHolds(account)) {
      const isMeant = uuid === null || scope === uuid;
      if (isMeant && reason === "dead-letters") await allowMoreLetters(account, scope);
    }
    ended.push(...(await endHolds(account, uuid === null ? {} : { scope: uuid })));
    await queues.promoteDelayed();
  }
  terminal.result(
    { ended },
    ended.length > 0 ? ended.map((hold) => `ended: ${hold}`) : ["no hold was in force"],
  );
  return EXIT.done;
}
