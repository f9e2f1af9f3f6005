import { setTimeout as delay } from "node:timers/promises";
import type { Account } from "./account.ts";

const LOOK_MS = 250;

/**
 * From the signal on, gives Redis up as soon as it does not answer for that long: a process that has to stop can't wait until
 * it is back. Nothing is lost by it: what was in hand is taken up again by whoever comes next.
 */
export function giveUpAfter(account: Account, signal: AbortSignal, answerMs = 2_000): Disposable {
  const over = new AbortController();
  const watch = () => void untilSilent(account, answerMs, over.signal);
  if (signal.aborted) watch();
  else signal.addEventListener("abort", watch, { once: true, signal: over.signal });
  return { [Symbol.dispose]: () => over.abort() };
}

async function untilSilent(account: Account, answerMs: number, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const late = delay(answerMs, false, { signal: over });
    const isThere = await Promise.race([account.client.ping(), late]).catch(() => false);
    if (!isThere && !over.aborted) return account.giveUp();
    await delay(LOOK_MS, undefined, { signal: over }).catch(() => {});
  }
}
