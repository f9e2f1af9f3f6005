import {
  discardMalformedRanges,
  findDeadLetters,
  listMalformedRanges,
  scanDeadLetters,
  type Account,
  type DeadLetter,
  type LetterFilter,
  type MalformedRange,
} from "@sluice/queue";
import type { ChosenSession } from "../chosen-session.ts";
import { CommandError } from "../exit-codes.ts";
import type { Choice } from "../settings.ts";
import { grouped } from "../terminal/terminal.ts";

/** Which letters a user means: by id or key, by what they have in common, or all. */
export interface Selection extends LetterFilter {
  ids: readonly string[];
  all?: boolean;
}

/** The same, as flags say it. */
export type SelectionFlags = Omit<Selection, "connector"> & Choice;

/** What flags mean in the session that they chose. */
export function selectionIn(
  { only }: ChosenSession,
  { account: _, connector: _connector, ...flags }: SelectionFlags,
): Selection {
  return { ...flags, ...only };
}

/** The letters that a user means, page by page. Throws a `CommandError` when nothing says which, or one is not there. */
export async function* selectedLetters(
  account: Account,
  { ids, all, ...filter }: Selection,
): AsyncGenerator<DeadLetter[]> {
  if (ids.length > 0) {
    yield await namedLetters(account, ids, filter);
    return;
  }
  const { connector, run, reason } = filter;
  if (!all && connector === undefined && run === undefined && reason === undefined) {
    throw new CommandError(
      "Cannot choose among dead letters: name ids or keys, or use --reason, --connector, --run or --all",
    );
  }
  yield* scanDeadLetters(account, filter);
}

/** The letters of these ids or keys, each once; those of one connector where it is named. */
export async function namedLetters(
  account: Account,
  ids: readonly string[],
  { connector }: Pick<LetterFilter, "connector">,
): Promise<DeadLetter[]> {
  const isMeant = (letter: DeadLetter) => connector === undefined || letter.connector === connector;
  const found = await Promise.all(
    ids.map(async (id) => (await findDeadLetters(account, id)).filter(isMeant)),
  );
  const missing = ids.filter((_, index) => found[index]?.length === 0);
  if (missing.length > 0) {
    throw new CommandError(
      `Cannot find dead letter "${missing.join('", "')}"; see sluice dead list`,
    );
  }
  const all = found.flat();
  return [...new Map(all.map((letter) => [`${letter.connector} ${letter.id}`, letter])).values()];
}

/** The malformed lines without letters that a user means: those with ids have letters. */
export async function selectedRanges(
  account: Account,
  { ids, reason = "malformed", connector, run }: Selection,
): Promise<MalformedRange[]> {
  if (ids.length > 0 || reason !== "malformed") return [];
  return await listMalformedRanges(account, {
    ...(connector !== undefined && { connector }),
    ...(run !== undefined && { run }),
  });
}

/** Takes the selected ranges off the list; returns how many lines they were. */
export async function discardSelectedRanges(
  account: Account,
  selection: Selection,
): Promise<number> {
  const ranges = await selectedRanges(account, selection);
  await discardMalformedRanges(account, [...new Set(ranges.map(({ run }) => run))]);
  return linesOf(ranges);
}

/** How many lines these are. */
export function linesOf(ranges: readonly MalformedRange[]): number {
  return ranges.reduce((sum, { lines }) => sum + lines, 0);
}

/** What a letter is about, for people: its key, or where its record stood. */
export function nameOf(letter: Pick<DeadLetter, "key" | "source" | "line">): string {
  return letter.key ?? placeOf(letter);
}

/** `hosts.ndjson:17` */
export function placeOf({ source, line }: Pick<DeadLetter, "source" | "line">): string {
  return line > 0 ? `${source}:${line}` : source;
}

/** `hosts.ndjson: 41 malformed lines between 1,001 and 1,100` */
export function rangeText({ source, firstLine, lastLine, lines }: MalformedRange): string {
  if (source === null) return `several sources: ${grouped(lines)} malformed lines`;
  if (firstLine === lastLine) return `${placeOf({ source, line: firstLine })}: malformed`;
  return `${source}: ${grouped(lines)} malformed lines between ${grouped(firstLine)} and ${grouped(lastLine)}`;
}

/** Whether the transform can make anything else of the record now: it is whole, and it is one. */
export function isReplayable({ reason, raw, rawChars }: DeadLetter): boolean {
  return reason !== "malformed" && raw !== "" && rawChars === undefined;
}
