import { roomInMs, type Account } from "@sluice/queue";

/** Where nobody knows how fast it drains. */
const UNKNOWN_SEC = 5;
/** A forecast may be wrong, and an operator may change things: nobody is sent away for longer. */
const SEC_MAX = 300;
/** Many are refused at once: they share an answer. */
const KEPT_MS = 1_000;

/** How long a client should wait, in seconds, before it sends again what was refused because too much waits: by how fast that drains. */
export function createRetryAfter(account: Account, nowMs = Date.now): () => Promise<number> {
  let kept: Promise<number> = Promise.resolve(UNKNOWN_SEC);
  let keptUntilMs = 0;
  return async () => {
    if (nowMs() >= keptUntilMs) {
      keptUntilMs = nowMs() + KEPT_MS;
      kept = roomInMs(account).then(toSeconds, () => UNKNOWN_SEC);
    }
    return await kept;
  };
}

function toSeconds(roomMs: number | null): number {
  if (roomMs === null) return UNKNOWN_SEC;
  return Math.min(SEC_MAX, Math.max(1, Math.ceil(roomMs / 1_000)));
}
