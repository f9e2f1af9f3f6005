import { openChosen } from "../chosen-session.ts";
import { EXIT } from "../exit-codes.ts";
import {
  isReplayable,
  selectedLetters,
  selectionIn,
  type SelectionFlags,
} from "../letters/selected-letters.ts";
import { counted, type Terminal } from "../terminal/terminal.ts";
import { writeOut } from "../terminal/write-out.ts";

/**
 * `sluice dead export`: the records as NDJSON on stdout, for `sluice push` when they are corrected. Their letters go when
 * those are delivered.
 */
export async function exportDead(
  flags: SelectionFlags,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  await using session = await openChosen(flags, terminal);
  const selection = selectionIn(session, flags);
  const isAll = selection.ids.length === 0;
  let left = 0;
  for await (const letters of selectedLetters(session.account, { ...selection, all: isAll })) {
    const whole = letters.filter(isReplayable);
    left += letters.length - whole.length;
    // Line ends are white space in JSON, and would end a record here.
    const text = whole.map(({ raw }) => `${raw.replaceAll(/[\r\n]+/g, " ")}\n`).join("");
    if (!(await writeOut(text)) || signal.aborted) return EXIT.stopped;
  }
  if (left > 0) {
    terminal.note(
      `${counted(left, "record")} left out, as they are malformed or not kept whole: correct them in their source`,
    );
  }
  return EXIT.done;
}
