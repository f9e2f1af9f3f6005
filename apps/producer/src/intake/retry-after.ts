import { roomInMs, type Account } from "@sluice/queue";
import type { IntakeConnectors } from "./intake-connector.ts";

/** Where nobody knows how fast it drains. */
const UNKNOWN_SEC = 5;
/** A forecast may be wrong, and an operator may change things: nobody is sent away for longer. */
const SEC_MAX = 300;
/** Many are refused at once: they share an answer. */
const KEPT_MS = 1_000;

/** How long a client should wait, in seconds, before it sends again what was refused because too much waits: by how fast that drains. */
export function createRetryAfter(
  connectors: IntakeConnectors,
  nowMs = Date.now,
): (connector: string) => Promise<number> {
  const kept = new WeakMap<Account, { answer: Promise<number>; untilMs: number }>();
  return async (connector) => {
    const account = connectors.get(connector)?.account;
    if (account === undefined) return UNKNOWN_SEC;
    const known = kept.get(account);
    if (known !== undefined && nowMs() < known.untilMs) return await known.answer;
    const answer = roomInMs(account).then(toSeconds, () => UNKNOWN_SEC);
    kept.set(account, { answer, untilMs: nowMs() + KEPT_MS });
    return await answer;
  };
}

function toSeconds(roomMs: number | null): number {
  if (roomMs === null) return UNKNOWN_SEC;
  return Math.min(SEC_MAX, Math.max(1, Math.ceil(roomMs / 1_000)));
}
