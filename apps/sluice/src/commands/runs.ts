import { booksObject, listRuns, type Run } from "@sluice/queue";
import { booksLines } from "../terminal/books.ts";
import { connectorText, withConnectorName } from "../connector-names.ts";
import { EXIT } from "../exit-codes.ts";
import { findRun } from "../named-run.ts";
import { openSessions, type Session } from "../session.ts";
import {
  chosenAccounts,
  chosenUuid,
  needsOf,
  readSettings,
  type Choice,
  type Settings,
} from "../settings.ts";
import { grouped, type Terminal } from "../terminal/terminal.ts";

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
    const lists = await Promise.all(sessions.all.map(runsOf));
    const all = lists
      .flat()
      .filter(({ run }) => uuid === null || run.connector === uuid)
      .sort((a, b) => b.run.openedAtMs - a.run.openedAtMs);
    const lines = listLines(all, settings);
    terminal.result(
      { runs: all.map((one) => objectOf(one, nowMs)) },
      lines.length > 0 ? lines : ["no runs yet; sluice push FILE makes one"],
    );
    return EXIT.done;
  }
  const { run } = await findRun(sessions.all, id);
  terminal.result(booksObject(run, nowMs), booksLines(run, nowMs));
  return EXIT.done;
}

/** A run, and whose it is. */
interface OwnRun {
  run: Run;
  owner: Session["settings"];
}

async function runsOf({ account, settings: owner }: Session): Promise<OwnRun[]> {
  return (await listRuns(account)).map((run) => ({ run, owner }));
}

function objectOf({ run, owner }: OwnRun, nowMs: number): object {
  const { state, connector } = run;
  const object = { ...booksObject(run, nowMs), state, account: owner.name, connector };
  return withConnectorName(object, owner, connector);
}

/** Where there is a file, each line says whose the run is. */
function listLines(all: readonly OwnRun[], { file, accounts }: Settings): string[] {
  const owners = all.map(({ run, owner }) => {
    if (file === null) return "";
    const name = connectorText(owner, run.connector);
    return accounts.length > 1 ? `${name} (${owner.name})` : name;
  });
  const width = Math.max(0, ...owners.map((owner) => owner.length));
  return all.map(({ run }, index) => {
    const owner = width === 0 ? "" : `  ${(owners[index] ?? "").padEnd(width)}`;
    return (
      `${run.id}  ${run.state.padEnd(7)}${owner}  ${grouped(run.read)} read, ${grouped(run.delivered)} delivered, ` +
      `${grouped(run.unchanged)} unchanged, ${grouped(run.dead)} dead, ${grouped(run.pending)} pending`
    );
  });
}
