import { booksObject, listRuns } from "@sluice/queue";
import { booksLines } from "../books.ts";
import { EXIT } from "../exit-codes.ts";
import { findRun } from "../named-run.ts";
import { openSessions } from "../session.ts";
import { chosenAccounts, chosenUuid, needsOf, readSettings, type Choice } from "../settings.ts";
import { grouped, type Terminal } from "../terminal.ts";

/** `sluice runs [ID]`: the books of one run, or the newest runs. */
export async function runs(
  id: string | undefined,
  choice: Choice,
  terminal: Terminal,
): Promise<number> {
  const settings = readSettings(process.env, needsOf(choice));
  const accounts = chosenAccounts(settings, choice);
  const uuid = chosenUuid(settings, choice);
  await using sessions = await openSessions(settings, accounts, terminal);
  const nowMs = Date.now();
  if (id === undefined) {
    const lists = await Promise.all(sessions.all.map(({ account }) => listRuns(account)));
    const all = lists
      .flat()
      .filter(({ connector }) => uuid === null || connector === uuid)
      .sort((a, b) => b.openedAtMs - a.openedAtMs);
    const lines = all.map(
      (run) =>
        `${run.id}  ${run.state.padEnd(7)}  ${grouped(run.read)} read, ${grouped(run.delivered)} delivered, ` +
        `${grouped(run.unchanged)} unchanged, ${grouped(run.dead)} dead, ${grouped(run.pending)} pending`,
    );
    terminal.result(
      { runs: all.map((run) => ({ ...booksObject(run, nowMs), state: run.state })) },
      lines.length > 0 ? lines : ["no runs yet; sluice push FILE makes one"],
    );
    return EXIT.done;
  }
  const { run } = await findRun(sessions.all, id);
  terminal.result(booksObject(run, nowMs), booksLines(run, nowMs));
  return EXIT.done;
}
