import type { Transform } from "@sluice/inventory";
import { produce } from "@sluice/producer";
import {
  abortRun,
  booksObject,
  disabledConnectors,
  enableConnector,
  openRun,
  sealRun,
  type Lane,
  type Run,
} from "@sluice/queue";
import { openSources, SourceError, type SourceFile, type SourceFormat } from "@sluice/sources";
import { AccountRoles } from "../roles/account-roles.ts";
import { booksLines } from "../terminal/books.ts";
import type { ConnectorSettings } from "../config/account-settings.ts";
import { connectorText } from "../connector-names.ts";
import { EXIT, CommandError } from "../exit-codes.ts";
import { conclude, follow, isOver, type Followed } from "../follow.ts";
import { firstAssets } from "../first-assets.ts";
import { loadTransform } from "../mapping/load-transform.ts";
import { findRun, isOfIntake, needRun, resumeCommand } from "../named-run.ts";
import { createReport, openSession, openSessions, withoutRedis, type Session } from "../session.ts";
import {
  chosenAccounts,
  chosenConnector,
  readSettings,
  withMapping,
  type Settings,
} from "../settings.ts";
import { createPressureNotes } from "../terminal/pressure-notes.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** What a user says of how the sources are to be read. */
export interface Reading {
  format?: SourceFormat;
  at?: string;
  encoding?: string;
}

export interface PushOptions extends Reading {
  /** Which connector; the only one need not be named. */
  connector?: string;
  /** Default: the connector's. */
  lane?: Lane;
  first?: number;
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

/** A disabled connector takes nothing. What another state of the configuration has said of it counts no more. */
export async function needEnabled(
  { account, queues }: Session,
  { name, uuid, isEnabled }: ConnectorSettings,
): Promise<void> {
  if (!isEnabled) {
    throw new CommandError(
      `Cannot enqueue for connector "${name}": it has enabled: false; change that in its configuration`,
    );
  }
  await enableConnector(account, queues, uuid, "disabled-in-file");
  if ((await disabledConnectors(account)).has(uuid)) {
    throw new CommandError(
      `Cannot enqueue for connector "${name}": it is disabled; sluice connectors enable ${name}`,
    );
  }
}

/** What is to be enqueued, and into which run. */
export interface Load {
  run: string;
  lane: Lane;
  sources: readonly SourceFile[];
  skip: number;
  first: number | null;
}

/** What to type to continue a load of which nothing more is known than that it was begun. */
export function resumeLoadCommand({ run, sources }: Load): string {
  return resumeCommand({ id: run, state: "open", description: { sources } });
}

/** Opens the files that were named, or else those that the connector names. */
export async function readable(
  named: readonly string[],
  options: Reading,
  { connector, transform }: { connector: ConnectorSettings; transform: Transform },
  signal: AbortSignal,
): Promise<readonly SourceFile[]> {
  const patterns = named.length > 0 ? named : connector.files;
  if (patterns.length === 0) {
    throw new CommandError("Cannot begin without a source: name one or more files, or - for stdin");
  }
  const isRecord = (text: string) => hasKey(text, transform);
  const reading = readingOf({ ...connector, ...options });
  return await openSources(patterns, { ...reading, isRecord, signal });
}

/** Whether a record would not be dead for want of a key, as an object around the records is. */
async function hasKey(text: string, transform: Transform): Promise<boolean> {
  const transformed = await transform(text);
  return transformed.kind === "asset" || transformed.reason !== "no-key";
}

export function readingOf({ format, at, encoding }: Reading): Reading {
  return { ...(format && { format }), ...(at && { at }), ...(encoding && { encoding }) };
}

export async function beginLoad(
  session: Session,
  connector: ConnectorSettings,
  sources: readonly SourceFile[],
  options: PushOptions,
): Promise<Load> {
  const { lane = connector.lane, first } = options;
  const files = sources.map(({ source, bytes, modifiedAtMs }) => ({ source, bytes, modifiedAtMs }));
  const description = {
    sources: files,
    ...readingOf({ ...connector, ...options }),
    ...(first && { first }),
  };
  const run = await openRun(session.account, {
    connector: connector.uuid,
    lane,
    description,
  });
  return { run, lane, sources, skip: 0, first: first ?? null };
}

async function reopen(
  run: Run,
  patterns: readonly string[],
  signal: AbortSignal,
): Promise<readonly SourceFile[]> {
  const { sources: files, ...description } = run.description;
  if (isOfIntake(run)) {
    throw new CommandError(
      `Cannot resume run ${run.id}: its records come over HTTP; to end it, use ${resumeCommand(run)}`,
    );
  }
  const names = files.map(({ source }) => source);
  if (names.includes("-") && !patterns.includes("-")) {
    throw new CommandError(
      `Cannot resume run ${run.id} without its input: it read stdin; use ${resumeCommand(run)}`,
    );
  }
  const sources = await openSources(names, { ...readingOf(description as Reading), signal });
  for (const [index, { source, bytes, modifiedAtMs }] of sources.entries()) {
    const before = files[index];
    if (before?.bytes !== bytes || before?.modifiedAtMs !== modifiedAtMs) {
      throw new CommandError(
        `Cannot resume run ${run.id}: "${source}" has changed since; push it anew, unchanged assets cost no call`,
      );
    }
  }
  return sources;
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

/** Enqueues a load and seals its run; a source that fails on the way aborts it. */
export async function enqueue(
  { account, queues }: Session,
  transform: Transform,
  load: Load,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<boolean> {
  const { run, lane, sources, skip, first } = load;
  const isLast = first === null ? undefined : firstAssets(first, transform);
  try {
    const isWhole = await produce({
      account,
      queues,
      run,
      lane,
      sources,
      skip,
      signal,
      onFull: createPressureNotes(account, terminal),
      onDisabled: () =>
        terminal.note("the connector was disabled meanwhile: it takes nothing more"),
      ...(isLast && { isLast }),
    });
    if (isWhole) await sealRun(account, run);
    return isWhole;
  } catch (error) {
    if (error instanceof SourceError) {
      await abortRun(account, run, error.message);
      throw new CommandError(
        `${error.message}\nwhat was read before goes on in run ${run}: sluice push --resume ${run}`,
        EXIT.stopped,
        { cause: error },
      );
    }
    throw error;
  }
}
