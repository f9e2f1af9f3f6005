import { transformRecord, type MappingPolicy } from "@sluice/inventory";
import { produce } from "@sluice/producer";
import { abortRun, booksObject, openRun, sealRun, type Lane, type Run } from "@sluice/queue";
import { openSources, SourceError, type SourceFile, type SourceFormat } from "@sluice/sources";
import { booksLines } from "../books.ts";
import { EXIT, CommandError } from "../exit-codes.ts";
import { conclude, follow, isOver, type Followed } from "../follow.ts";
import { firstAssets } from "../first-assets.ts";
import { needRun, resumeCommand } from "../named-run.ts";
import { createPressureNotes } from "../pressure-notes.ts";
import { createReport, openSession, startRoles, withoutRedis, type Session } from "../session.ts";
import { readWorkSettings, type WorkSettings } from "../settings.ts";
import type { Terminal } from "../terminal.ts";

/** What a user says of how the sources are to be read. */
interface Reading {
  format?: SourceFormat;
  at?: string;
  encoding?: string;
}

export interface PushOptions extends Reading {
  lane: Lane;
  first?: number;
  resume?: string;
}

/** `sluice push`: enqueues and works until this run is done. */
export async function push(
  patterns: readonly string[],
  options: PushOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const settings = readWorkSettings(process.env);
  // Sources first: when one can't be read, nothing has been begun.
  const { policy } = settings;
  const sources = options.resume ? null : await readable(patterns, options, policy, signal);
  await using session = await openSession(settings, terminal, signal);
  const load = sources
    ? await beginLoad(session, settings, sources, options)
    : await resumeLoad(session, options.resume ?? "", patterns, settings, signal);
  try {
    return await finish(session, settings, load, terminal, signal);
  } catch (error) {
    throw withoutRedis(session, error, resumeLoadCommand(load));
  }
}

/** Works until the run is over, or until the signal, and tells what came of it. */
async function finish(
  session: Session,
  settings: WorkSettings,
  load: Load,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const followed = await work(session, settings, load, terminal, signal);
  // What was in hand when the work was stopped is settled by now.
  const run = await needRun(session.account, load.run);
  terminal.result(booksObject(run, Date.now()), booksLines(run, Date.now()));
  if (run.dead > 0) terminal.note("see the dead letters with: sluice dead list");
  return conclude(isOver(run) ? { kind: "done", run } : { ...followed, run }, terminal);
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

/** Opens the sources, with at least one pattern given. */
export async function readable(
  patterns: readonly string[],
  options: Reading,
  policy: MappingPolicy,
  signal: AbortSignal,
): Promise<readonly SourceFile[]> {
  if (patterns.length === 0) {
    throw new CommandError("Cannot begin without a source: name one or more files, or - for stdin");
  }
  const isRecord = (text: string) => hasKey(text, policy);
  return await openSources(patterns, { ...readingOf(options), isRecord, signal });
}

/** Whether a record would not be dead for want of a key, as an object around the records is. */
function hasKey(text: string, policy: MappingPolicy): boolean {
  const transformed = transformRecord(text, policy);
  return transformed.kind === "asset" || transformed.reason !== "no-key";
}

function readingOf({ format, at, encoding }: Reading): Reading {
  return { ...(format && { format }), ...(at && { at }), ...(encoding && { encoding }) };
}

export async function beginLoad(
  session: Session,
  { connectorUuid }: { connectorUuid: string },
  sources: readonly SourceFile[],
  options: PushOptions,
): Promise<Load> {
  const { lane, first } = options;
  const files = sources.map(({ source, bytes, modifiedAtMs }) => ({ source, bytes, modifiedAtMs }));
  const description = { sources: files, ...readingOf(options), ...(first && { first }) };
  const run = await openRun(session.account, {
    connector: connectorUuid,
    lane,
    description,
  });
  return { run, lane, sources, skip: 0, first: first ?? null };
}

/** Takes up a run where it stopped: its sources from the first record that it does not have. */
async function resumeLoad(
  session: Session,
  id: string,
  patterns: readonly string[],
  { connectorUuid }: { connectorUuid: string },
  signal: AbortSignal,
): Promise<Load> {
  const run = await needRun(session.account, id);
  if (run.connector !== connectorUuid) {
    throw new CommandError(
      `Cannot resume run ${id}: it is for connector ${run.connector}, and QUALYS_CONNECTOR_UUID is ${connectorUuid}; push its files anew`,
    );
  }
  const sources = run.state === "open" ? await reopen(run, patterns, signal) : [];
  return { run: id, lane: run.lane, sources, skip: run.read, first: run.description.first ?? null };
}

async function reopen(
  run: Run,
  patterns: readonly string[],
  signal: AbortSignal,
): Promise<readonly SourceFile[]> {
  const { sources: files, ...description } = run.description;
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

/** Enqueues and, if there are settings to work by, sends, until the run is over. */
async function work(
  session: Session,
  settings: WorkSettings,
  load: Load,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Followed> {
  const report = createReport("push", settings, terminal);
  await using _ = await startRoles(session, settings, ["worker", "sender"], report);
  const stopping = new AbortController();
  const both = AbortSignal.any([signal, stopping.signal]);
  const producing = enqueue(session, settings, load, terminal, both);
  producing.catch(() => stopping.abort());
  const followed = await follow({ session, terminal, run: load.run, signal: both });
  stopping.abort();
  await producing;
  return followed;
}

/** Enqueues a load and seals its run; a source that fails on the way aborts it. */
export async function enqueue(
  { account, queues }: Session,
  settings: { policy: WorkSettings["policy"] },
  load: Load,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<boolean> {
  const { run, lane, sources, skip, first } = load;
  const isLast = first === null ? undefined : firstAssets(first, settings.policy);
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
