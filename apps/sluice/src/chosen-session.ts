import { openSession, type Session } from "./session.ts";
import { chosenAccount, chosenUuid, needsOf, readSettings, type Choice } from "./settings.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** A session of the account that a user means, which knows what of it is meant. */
export interface ChosenSession extends Session {
  /** The connector, as what is kept about it says; empty where all are meant. */
  only: { connector?: string };
}

/** Opens the account that a user means. Throws a `CommandError` where several could be meant. */
export async function openChosen(choice: Choice, terminal: Terminal): Promise<ChosenSession> {
  const settings = readSettings(process.env, needsOf(choice));
  const account = chosenAccount(settings, choice);
  const connector = chosenUuid(settings, choice);
  const session = await openSession(settings, account, terminal);
  return { ...session, only: connector === null ? {} : { connector } };
}
