import { booksObject, listRuns } from "@sluice/queue";
import { booksLines } from "../books.ts";
import { EXIT } from "../exit-codes.ts";
import { needRun } from "../named-run.ts";
import { openSession } from "../session.ts";
import { readAccountSettings } from "../settings.ts";
import { grouped, type Terminal } from "../terminal.ts";

/** `sluice runs [ID]`: the books of one run, or the newest runs. */
export async function runs(id: string | undefined, terminal: Terminal): Promise<number> {
  await using session = await openSession(readAccountSettings(process.env), terminal);
  const nowMs = Date.now();
  if (id === undefined) {
    const all = await listRuns(session.account);
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
  const run = await needRun(session.account, id);
  terminal.result(booksObject(run, nowMs), booksLines(run, nowMs));
  return EXIT.done;
}
