import type { Transform } from "@sluice/inventory";
import { booksObject, type Run } from "@sluice/queue";
import { connectorText } from "../connector-names.ts";
import { CommandError } from "../exit-codes.ts";
import { conclude, follow, isOver, type Followed } from "../follow.ts";
import {
  beginLoad,
  enqueue,
  needEnabled,
  reopen,
  resumeLoadCommand,
  type Load,
  type LoadOptions,
} from "../loads/load.ts";
import { readable } from "../loads/readable.ts";
import { loadTransform } from "../mapping/load-transform.ts";
import { findRun, needRun } from "../named-run.ts";
import { AccountRoles } from "../roles/account-roles.ts";
import { createReport, openSession, openSessions, withoutRedis, type Session } from "../session.ts";
import {
  chosenAccounts,
  chosenConnector,
  readSettings,
  withMapping,
  type Settings,
} from "../settings.ts";
import { booksLines } from "../terminal/books.ts";
import type { Terminal } from "../terminal/terminal.ts";

export interface PushOptions extends LoadOptions {
  resume?: string;
  mapping?: string;
}

/** `sluice push`: enqueues and works until this run is done. */
export async function push(
  patterns: readonly string[],
  options: PushOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const settings = withMapping(readSettings(process.env, "all"), options);
  for (const note of settings.notes) terminal.note(`note: ${note}`);
  if (options.resume !== undefined) {
    return await resume(options.resume, settings, patterns, terminal, signal);
  }
  const { account, connector } = chosenConnector(settings, options);
  // Mapping and sources first: when one can't be read, nothing has been begun.
  const transform = await loadTransform(connector.transform);
  const sources = await readable(patterns, options, { connector, transform }, signal);
  await using session = await openSession(settings, account, terminal, signal);
  await needEnabled(session, connector);
  const load = await beginLoad(session, connector, sources, options);
  return await finish({ session, transform, load, settings, terminal, signal });
}

/** Takes up a run where it stopped, in whichever account it is. */
async function resume(
  id: string,
  settings: Settings,
  patterns: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const accounts = chosenAccounts(settings, {});
  await using sessions = await openSessions(settings, accounts, terminal, signal);
  const { session, run } = await findRun(sessions.all, id);
  const connector = session.settings.connectors.find(({ uuid }) => uuid === run.connector);
  if (connector === undefined) {
    const known = session.settings.connectors.map(({ uuid }) => uuid).join(", ");
    throw new CommandError(
      `Cannot resume run ${id}: it is for connector ${run.connector}, and configured is ${known}; push its files anew`,
    );
  }
  await needEnabled(session, connector);
  const transform = await loadTransform(connector.transform);
  const sources = run.state === "open" ? await reopen(run, patterns, signal) : [];
  const first = run.description.first ?? null;
  const load = { run: id, lane: run.lane, sources, skip: run.read, first };
  return await finish({ session, transform, load, settings, terminal, signal });
}

interface Work {
  session: Session;
  transform: Transform;
  load: Load;
  settings: Settings;
  terminal: Terminal;
  signal: AbortSignal;
}

/** Works until the run is over, or until the signal, and tells what came of it. */
async function finish(options: Work): Promise<number> {
  try {
    return await workAndTell(options);
  } catch (error) {
    throw withoutRedis([options.session], error, resumeLoadCommand(options.load));
  }
}

async function workAndTell(options: Work): Promise<number> {
  const { session, load, terminal } = options;
  const followed = await work(options);
  // What was in hand when the work was stopped is settled by now.
  const run = await needRun(session.account, load.run);
  terminal.result(booksObject(run, Date.now()), booksLines(run, Date.now()));
  if (run.dead > 0)
    terminal.note(`see the dead letters with: sluice dead list${choiceOf(run, options)}`);
  return conclude(isOver(run) ? { kind: "done", run } : { ...followed, run }, terminal);
}

/** How a command is told which connector this is about, where a file may describe several. */
function choiceOf(run: Run, { settings, session }: Work): string {
  if (settings.file === null) return "";
  return ` --connector ${connectorText(session.settings, run.connector)}`;
}

/** Enqueues and sends until the run is over. */
async function work({
  session,
  transform,
  load,
  settings,
  terminal,
  signal,
}: Work): Promise<Followed> {
  const report = createReport("push", settings, terminal);
  await using _ = await AccountRoles.start(session, ["worker", "sender"], report);
  const stopping = new AbortController();
  const both = AbortSignal.any([signal, stopping.signal]);
  async function produceAll(): Promise<void> {
    let isWhole = false;
    try {
      isWhole = await enqueue(session, transform, load, terminal, both);
    } finally {
      if (!isWhole) stopping.abort();
    }
  }
  const producing = produceAll();
  producing.catch(() => {});
  const followed = await follow({ session, terminal, run: load.run, signal: both });
  stopping.abort();
  await producing;
  return followed;
}
