import { discardDeadLetters } from "@sluice/queue";
import { openChosen } from "../chosen-session.ts";
import { EXIT } from "../exit-codes.ts";
import { letMoreLettersCome } from "../letters/letter-room.ts";
import {
  discardSelectedRanges,
  selectedLetters,
  selectionIn,
  type SelectionFlags,
} from "../letters/selected-letters.ts";
import { counted, grouped, type Terminal } from "../terminal/terminal.ts";

/** `sluice dead discard`: off the list, for good. A letter that is written anew meanwhile stays. */
export async function discardDead(flags: SelectionFlags, terminal: Terminal): Promise<number> {
  await using session = await openChosen(flags, terminal);
  const selection = selectionIn(session, flags);
  const connectors = new Set<string>();
  let discarded = 0;
  for await (const letters of selectedLetters(session.account, selection)) {
    discarded += await discardDeadLetters(session.account, letters);
    for (const { connector } of letters) connectors.add(connector);
    terminal.progress(`${grouped(discarded)} discarded`);
  }
  const lines = await discardSelectedRanges(session.account, selection);
  await letMoreLettersCome(session, connectors);
  terminal.result({ discarded, lines }, [
    `${counted(discarded, "dead letter")} discarded`,
    ...(lines > 0 ? [`${counted(lines, "malformed line")} forgotten, known by position only`] : []),
  ]);
  return EXIT.done;
}
