import { readPressure, type Account, type Pressure } from "@sluice/queue";
import { bytesText, type Terminal } from "./terminal.ts";

/** A producer waits often where much is to be enqueued: the next ones are no news. */
const SILENT_MS = 60_000;

/** Tells why a producer waits, not more often than once a minute. */
export function createPressureNotes(account: Account, terminal: Terminal): () => Promise<void> {
  let silentUntilMs = 0;
  return async () => {
    if (Date.now() < silentUntilMs) return;
    silentUntilMs = Date.now() + SILENT_MS;
    const why = whyText(await readPressure(account));
    terminal.note(`waiting: ${why}; it goes on by itself when some was delivered`);
  };
}

function whyText({ waiting, waitingMax, used, usedMax }: Pressure): string {
  if (usedMax !== null && used > usedMax) {
    return `Redis uses ${bytesText(used)}, and producers wait above ${bytesText(usedMax)}`;
  }
  return waitingText({ waiting, waitingMax });
}

/** "12.3 MB of 15 MB wait in Redis". */
export function waitingText({
  waiting,
  waitingMax,
}: Pick<Pressure, "waiting" | "waitingMax">): string {
  return `${bytesText(waiting)} of ${bytesText(waitingMax)} wait in Redis`;
}
