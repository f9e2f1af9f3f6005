import type { DeadLetter } from "@sluice/queue";
import { openChosen } from "../chosen-session.ts";
import { connectorText, withConnectorName } from "../connector-names.ts";
import { EXIT } from "../exit-codes.ts";
import { namedLetters, nameOf, placeOf } from "../letters/selected-letters.ts";
import type { Choice } from "../settings.ts";
import { grouped, type Terminal } from "../terminal/terminal.ts";

/** `sluice dead show`: everything known of one record. */
export async function showDead(
  idOrKey: string,
  choice: Choice,
  terminal: Terminal,
): Promise<number> {
  await using session = await openChosen(choice, terminal);
  const letters = await namedLetters(session.account, [idOrKey], session.only);
  const { settings } = session;
  terminal.result(
    { letters: letters.map((letter) => withConnectorName(letter, settings, letter.connector)) },
    letters.flatMap((letter) => linesAbout(letter, connectorText(settings, letter.connector))),
  );
  return EXIT.done;
}

function linesAbout(letter: DeadLetter, connector: string): string[] {
  const { id, reason, path, message, run, version, atMs, raw, rawChars, asset } = letter;
  const beginning =
    rawChars === undefined ? "" : ` (the beginning of ${grouped(rawChars)} characters)`;
  return [
    `${id}  ${nameOf(letter)}`,
    `  reason: ${reason}${path ? ` at ${path}` : ""}`,
    `  ${message}`,
    `  from: ${placeOf(letter)}`,
    `  run ${run}, version ${version}, connector ${connector}, ${new Date(atMs).toISOString()}`,
    `  record${beginning}: ${raw}`,
    ...(asset === undefined ? [] : [`  sent: ${asset}`]),
  ];
}
