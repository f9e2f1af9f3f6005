import { randomBytes } from "node:crypto";
import type { ChunkRecord } from "@sluice/inventory";
import {
  discardDeadLetters,
  enqueueChunk,
  findDeadLetters,
  forgetRefusals,
  listDeadLetters,
  openRun,
  sealRun,
  type DeadLetter,
} from "@sluice/queue";
import { CommandError, EXIT } from "../exit-codes.ts";
import { openSession, type Session } from "../session.ts";
import { readAccountSettings } from "../settings.ts";
import { counted, grouped, type Terminal } from "../terminal.ts";

const CHUNK_RECORDS = 250;
const REPLAY_SOURCE = "dead letters";
const REPLAYED_MAX = 1_000_000;

/** Which letters are meant: by id or key, by reason, or all. */
export interface DeadSelection {
  reason?: string;
  all?: boolean;
}

/** `sluice dead list`: grouped by reason, the newest first. */
export async function listDead(options: { limit: number }, terminal: Terminal): Promise<number> {
  await using session = await openSession(readAccountSettings(process.env), terminal);
  const letters = await listDeadLetters(session.account, { limit: options.limit });
  const groups = Map.groupBy(letters, ({ reason }) => reason);
  terminal.result(
    { letters: letters.map(({ raw: _, asset: _asset, ...letter }) => letter) },
    letters.length === 0
      ? ["no dead letters"]
      : [...groups].flatMap(([reason, group]) => [
          `${reason}: ${grouped(group.length)}`,
          ...group.map(
            (letter) => `  ${letter.id.slice(0, 8)}  ${nameOf(letter)}  ${letter.message}`,
          ),
        ]),
  );
  return EXIT.done;
}

/** `sluice dead show`: everything known of one record. */
export async function showDead(idOrKey: string, terminal: Terminal): Promise<number> {
  await using session = await openSession(readAccountSettings(process.env), terminal);
  const letters = await selected(session, [idOrKey], {});
  terminal.result(
    { letters },
    letters.flatMap((letter) => [
      `${letter.id}  ${nameOf(letter)}`,
      `  reason: ${letter.reason}${letter.path ? ` at ${letter.path}` : ""}`,
      `  ${letter.message}`,
      `  from: ${placeOf(letter)}, run ${letter.run}, ${new Date(letter.atMs).toISOString()}`,
      `  record: ${letter.raw}`,
      ...(letter.asset === undefined ? [] : [`  sent: ${letter.asset}`]),
    ]),
  );
  return EXIT.done;
}

/** `sluice dead replay`: through the transform again, in a run of their own, keeping their versions. */
export async function replayDead(
  ids: readonly string[],
  selection: DeadSelection,
  terminal: Terminal,
): Promise<number> {
  await using session = await openSession(readAccountSettings(process.env), terminal);
  const letters = await selected(session, ids, selection);
  const runs: string[] = [];
  for (const [connector, group] of Map.groupBy(letters, (letter) => letter.connector)) {
    runs.push(await replay(session, connector, group));
  }
  terminal.result({ replayed: letters.length, runs }, [
    `${counted(letters.length, "record")} enqueued again`,
    ...runs.map(
      (run) => `  run ${run}: work it off with sluice push --resume ${run}, or let sluice up do it`,
    ),
  ]);
  return EXIT.done;
}

/**
 * The letters stay until their records are delivered: a crash on the way loses nothing, and what is dead again only renews
 * its letter. Those about records without a key go as soon as the record is enqueued, for it will have another place.
 */
async function replay(
  session: Session,
  connector: string,
  letters: readonly DeadLetter[],
): Promise<string> {
  const { account, queues } = session;
  const description = { sources: [{ source: REPLAY_SOURCE, bytes: null, modifiedAtMs: null }] };
  const run = await openRun(account, { connector, lane: "live", description });
  const producer = randomBytes(6).toString("hex");
  let ordinal = 0;
  for (const part of partsOf(letters)) {
    ordinal += 1;
    await forgetRefusals(account, part);
    const place = { run, lane: "live", producer, ordinal } as const;
    const content = { source: part[0]?.source ?? REPLAY_SOURCE, records: part.map(recordOf) };
    const enqueued = await enqueueChunk(account, queues, place, content);
    if (enqueued.kind !== "enqueued") {
      await sealRun(account, run);
      throw new CommandError(
        `Cannot replay all into run ${run}: Redis is ${enqueued.kind}; replay the rest later`,
        EXIT.stopped,
      );
    }
    await discardDeadLetters(
      account,
      part.filter(({ key }) => key === null),
    );
  }
  await sealRun(account, run);
  return run;
}

/** Letters that make a chunk: of one source, so that a record without a key keeps its place. */
function partsOf(letters: readonly DeadLetter[]): DeadLetter[][] {
  const bySource = [...Map.groupBy(letters, ({ source }) => source).values()];
  return bySource.flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / CHUNK_RECORDS) }, (_, index) =>
      group.slice(index * CHUNK_RECORDS, (index + 1) * CHUNK_RECORDS),
    ),
  );
}

function recordOf({ raw, line, version }: DeadLetter): ChunkRecord {
  return { text: raw, line, version };
}

/** `sluice dead discard`: off the list, for good. */
export async function discardDead(
  ids: readonly string[],
  selection: DeadSelection,
  terminal: Terminal,
): Promise<number> {
  await using session = await openSession(readAccountSettings(process.env), terminal);
  const letters = await selected(session, ids, selection);
  await discardDeadLetters(session.account, letters);
  terminal.result({ discarded: letters.length }, [
    `${counted(letters.length, "dead letter")} discarded`,
  ]);
  return EXIT.done;
}

async function selected(
  { account }: Session,
  ids: readonly string[],
  selection: DeadSelection,
): Promise<DeadLetter[]> {
  if (ids.length === 0 && !selection.all && selection.reason === undefined) {
    throw new CommandError(
      "Cannot choose among dead letters: name ids or keys, or use --reason REASON or --all",
    );
  }
  if (ids.length > 0) {
    const found = await Promise.all(ids.map((id) => findDeadLetters(account, id)));
    const missing = ids.filter((_, index) => found[index]?.length === 0);
    if (missing.length > 0)
      throw new CommandError(
        `Cannot find dead letter "${missing.join('", "')}"; see sluice dead list`,
      );
    return [...new Map(found.flat().map((letter) => [letter.id, letter])).values()];
  }
  const letters = await listDeadLetters(account, { limit: REPLAYED_MAX });
  return letters.filter(
    ({ reason }) => selection.reason === undefined || reason === selection.reason,
  );
}

function nameOf(letter: DeadLetter): string {
  return letter.key ?? placeOf(letter);
}

function placeOf({ source, line }: DeadLetter): string {
  return line > 0 ? `${source}:${line}` : source;
}
