import { scanDeadLetters, type Account, type DeadLetter, type LetterFilter } from "@sluice/queue";
import { openChosen } from "../chosen-session.ts";
import { connectorText, withConnectorName } from "../connector-names.ts";
import { EXIT } from "../exit-codes.ts";
import { LetterGroups, type LetterGroup } from "../letters/letter-groups.ts";
import { linesOf, nameOf, rangeText, selectedRanges } from "../letters/selected-letters.ts";
import type { Choice } from "../settings.ts";
import { grouped, type Terminal } from "../terminal/terminal.ts";

const MESSAGE_CHARS_SHOWN = 300;

/** A letter without its texts, which may be long. */
type Listed = Omit<DeadLetter, "raw" | "asset">;

/** `sluice dead list`: groups of letters that say the same, and the newest letters of all. */
export async function listDead(
  options: Pick<LetterFilter, "reason" | "run"> & Choice & { limit: number },
  terminal: Terminal,
): Promise<number> {
  await using session = await openChosen(options, terminal);
  const { limit, reason, run } = options;
  const filter = { ...session.only, ...(reason && { reason }), ...(run && { run }) };
  const { total, groups, letters } = await survey(session.account, filter, limit);
  const ranges = await selectedRanges(session.account, { ids: [], ...filter });
  const { settings } = session;
  const isOfOne = settings.connectors.length < 2 || filter.connector !== undefined;
  const whose = ({ connector }: { connector: string }) =>
    isOfOne ? "" : `${connectorText(settings, connector)}  `;
  const named = <One extends { connector: string }>(one: One) =>
    withConnectorName(one, settings, one.connector);
  const lines = [
    ...groups.map(groupLine),
    ...(letters.length > 0 ? [`the newest of ${grouped(total)}:`] : []),
    ...letters.map(
      (letter) =>
        `  ${letter.id.slice(0, 8)}  ${whose(letter)}${nameOf(letter)}  ${letter.message.slice(0, MESSAGE_CHARS_SHOWN)}`,
    ),
    ...(ranges.length > 0
      ? [`known by position only, ${grouped(linesOf(ranges))} lines; correct and push them again:`]
      : []),
    ...ranges.map((range) => `  ${whose(range)}${rangeText(range)}, run ${range.run}`),
  ];
  terminal.result(
    { total, groups, letters: letters.map(named), ranges: ranges.map(named) },
    lines.length > 0 ? lines : ["no dead letters"],
  );
  return EXIT.done;
}

/** Reads all letters, and keeps of them what is to be shown. */
async function survey(
  account: Account,
  filter: LetterFilter,
  limit: number,
): Promise<{ total: number; groups: LetterGroup[]; letters: Listed[] }> {
  const groups = new LetterGroups();
  let total = 0;
  let newest: Listed[] = [];
  for await (const page of scanDeadLetters(account, filter)) {
    for (const letter of page) groups.add(letter);
    total += page.length;
    newest = [...newest, ...page.map(listed)].sort((a, b) => b.atMs - a.atMs).slice(0, limit);
  }
  return { total, groups: groups.list(), letters: newest };
}

function listed({ raw: _, asset: _asset, ...letter }: DeadLetter): Listed {
  return letter;
}

function groupLine({ reason, message, letters, newest }: LetterGroup): string {
  const since = new Date(newest.atMs).toISOString();
  return `${reason}: ${grouped(letters)}, the newest ${nameOf(newest)} at ${since}: ${message}`;
}
