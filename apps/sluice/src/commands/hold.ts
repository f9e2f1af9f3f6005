import { partsOf } from "@sluice/governor";
import { allowMoreLetters, beginHold, endHolds, readHolds } from "@sluice/queue";
import { scopeText } from "../connector-names.ts";
import { EXIT } from "../exit-codes.ts";
import { openSessions } from "../session.ts";
import { chosenAccounts, chosenUuid, needsOf, readSettings, type Choice } from "../settings.ts";
import type { Terminal } from "../terminal/terminal.ts";

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
  const lines: string[] = [];
  for (const { account, queues, settings: own } of sessions.all) {
    for (const { reason, scope } of await readHolds(account)) {
      const isMeant = uuid === null || scope === uuid;
      if (isMeant && reason === "dead-letters") await allowMoreLetters(account, scope);
    }
    for (const hold of await endHolds(account, uuid === null ? {} : { scope: uuid })) {
      const { scope, reason } = partsOf(hold);
      ended.push(hold);
      lines.push(`ended: ${scopeText(scope, own, sessions.all.length === 1)} ${reason}`);
    }
    await queues.promoteDelayed();
  }
  terminal.result({ ended }, lines.length > 0 ? lines : ["no hold was in force"]);
  return EXIT.done;
}
