import type { Transform } from "@sluice/inventory";
import { produce } from "@sluice/producer";
import {
  abortRun,
  disabledConnectors,
  enableConnector,
  openRun,
  sealRun,
  type Lane,
  type Run,
} from "@sluice/queue";
import { openSources, SourceError, type SourceFile } from "@sluice/sources";
import type { ConnectorSettings } from "../config/account-settings.ts";
import { CommandError, EXIT } from "../exit-codes.ts";
import { isOfIntake, resumeCommand } from "../named-run.ts";
import type { Session } from "../session.ts";
import { createPressureNotes } from "../terminal/pressure-notes.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { firstAssets } from "./first-assets.ts";
import { readingOf, type Reading } from "./readable.ts";

/** What a user says of a load. */
export interface LoadOptions extends Reading {
  /** Which connector; the only one need not be named. */
  connector?: string;
  /** Default: the connector's. */
  lane?: Lane;
  first?: number;
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

/** Opens a run for these sources. */
export async function beginLoad(
  session: Session,
  connector: ConnectorSettings,
  sources: readonly SourceFile[],
  options: LoadOptions,
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

/** The sources of a run that was begun, as they were then. Throws when they are others by now. */
export async function reopen(
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
