import { abortRun, openRuns, type Run } from "@sluice/queue";
import { CommandError, EXIT } from "../exit-codes.ts";
import { findRun, needRun } from "../named-run.ts";
import { openSessions, type Session } from "../session.ts";
import { chosenAccounts, chosenUuid, needsOf, readSettings, type Choice } from "../settings.ts";
import { counted, type Terminal } from "../terminal/terminal.ts";

const NOTE = "aborted by an operator";

export interface AbortOptions extends Choice {
  /** Milliseconds. */
  olderThan?: number;
}

interface FoundRun {
  session: Session;
  run: Run;
}

/** `sluice runs abort`: no more will come into these runs; what was enqueued goes on. */
export async function abortRuns(
  ids: readonly string[],
  { olderThan, ...choice }: AbortOptions,
  terminal: Terminal,
): Promise<number> {
  if (ids.length > 0 === (olderThan !== undefined)) {
    throw new CommandError(
      "Cannot choose among runs: name open ones, or use --older-than, such as --older-than 24h",
    );
  }
  const settings = readSettings(process.env, needsOf(choice));
  const accounts = chosenAccounts(settings, choice);
  const uuid = chosenUuid(settings, choice);
  await using sessions = await openSessions(settings, accounts, terminal);
  const found =
    olderThan === undefined
      ? await namedRuns(sessions.all, ids)
      : await oldRuns(sessions.all, Date.now() - olderThan);
  const chosen = found.filter(({ run }) => uuid === null || run.connector === uuid);
  for (const { session, run } of chosen) await abortRun(session.account, run.id, NOTE);
  const aborted = await Promise.all(
    chosen.map(({ session, run }) => needRun(session.account, run.id)),
  );
  terminal.result(
    { aborted: aborted.map(({ id, read, pending }) => ({ run: id, read, pending })) },
    aborted.length > 0 ? aborted.map(lineAbout) : ["no open run is that old"],
  );
  return EXIT.done;
}

/** Those that a user named, each still open. */
async function namedRuns(
  sessions: readonly Session[],
  ids: readonly string[],
): Promise<FoundRun[]> {
  const named = await Promise.all(ids.map((id) => findRun(sessions, id)));
  const over = named.map(({ run }) => run).find(({ state }) => state !== "open");
  if (over !== undefined) {
    throw new CommandError(
      `Cannot abort run ${over.id}: it is ${over.state}, so nothing more comes into it anyway`,
    );
  }
  return named;
}

async function oldRuns(sessions: readonly Session[], beforeMs: number): Promise<FoundRun[]> {
  const open = sessions.map(async (session) => {
    const ids = await openRuns(session.account);
    return await Promise.all(
      ids.map(async (id) => ({ session, run: await needRun(session.account, id) })),
    );
  });
  return (await Promise.all(open)).flat().filter(({ run }) => run.openedAtMs < beforeMs);
}

function lineAbout({ id, read, pending }: Run): string {
  const rest = pending > 0 ? `, of which ${counted(pending, "record")} go on` : "";
  return `run ${id}: aborted with ${counted(read, "record")} enqueued${rest}`;
}
