import { abortRun, openRuns, type Run } from "@sluice/queue";
import { CommandError, EXIT } from "../exit-codes.ts";
import { needRun } from "../named-run.ts";
import { openSession, type Session } from "../session.ts";
import { readAccountSettings } from "../settings.ts";
import { counted, type Terminal } from "../terminal.ts";

const NOTE = "aborted by an operator";

/** `sluice runs abort`: no more will come into these runs; what was enqueued goes on. */
export async function abortRuns(
  ids: readonly string[],
  olderThanMs: number | null,
  terminal: Terminal,
): Promise<number> {
  if (ids.length > 0 === (olderThanMs !== null)) {
    throw new CommandError(
      "Cannot choose among runs: name open ones, or use --older-than, such as --older-than 24h",
    );
  }
  await using session = await openSession(readAccountSettings(process.env), terminal);
  const chosen =
    olderThanMs === null
      ? await namedRuns(session, ids)
      : await oldRuns(session, Date.now() - olderThanMs);
  for (const { id } of chosen) await abortRun(session.account, id, NOTE);
  const aborted = await Promise.all(chosen.map(({ id }) => needRun(session.account, id)));
  terminal.result(
    { aborted: aborted.map(({ id, read, pending }) => ({ run: id, read, pending })) },
    aborted.length > 0 ? aborted.map(lineAbout) : ["no open run is that old"],
  );
  return EXIT.done;
}

/** Those that a user named, each still open. */
async function namedRuns({ account }: Session, ids: readonly string[]): Promise<Run[]> {
  const named = await Promise.all(ids.map((id) => needRun(account, id)));
  const over = named.find(({ state }) => state !== "open");
  if (over !== undefined) {
    throw new CommandError(
      `Cannot abort run ${over.id}: it is ${over.state}, so nothing more comes into it anyway`,
    );
  }
  return named;
}

async function oldRuns({ account }: Session, beforeMs: number): Promise<Run[]> {
  const open = await Promise.all((await openRuns(account)).map((id) => needRun(account, id)));
  return open.filter(({ openedAtMs }) => openedAtMs < beforeMs);
}

function lineAbout({ id, read, pending }: Run): string {
  const rest = pending > 0 ? `, of which ${counted(pending, "record")} go on` : "";
  return `run ${id}: aborted with ${counted(read, "record")} enqueued${rest}`;
}
