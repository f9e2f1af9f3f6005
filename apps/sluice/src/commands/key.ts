import { createApiKey } from "@sluice/producer";
import { CommandError, EXIT } from "../exit-codes.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** `sluice key NAME`: makes an API key for the intake. It is shown once; only its hash is kept. */
export function makeKey(name: string, terminal: Terminal): number {
  const made = keyOf(name);
  terminal.result(made, [
    made.key,
    "",
    "Give it to whoever sends, now: it is stored nowhere. Append this line to the file of SLUICE_INTAKE_KEYS_FILE:",
    made.line,
  ]);
  return EXIT.done;
}

function keyOf(name: string): ReturnType<typeof createApiKey> {
  try {
    return createApiKey(name);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CommandError(cause.message, EXIT.usage, { cause });
  }
}
