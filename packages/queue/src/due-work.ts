import { setTimeout as delay } from "node:timers/promises";
import { reserve } from "@sluice/governor";
import type { Account } from "./account.ts";
import { look } from "./governor.ts";
import { INTAKE_QUEUE, OUTBOUND_QUEUE } from "./queues.ts";

/** How much could be done at this moment. */
export interface DueWork {
  /** Chunks that nobody has taken. */
  chunks: number;
  /** Connectors with something to cut. */
  connectors: number;
  /** Batches that nobody has taken although a call could be made now. */
  batches: number;
}

const LOOK_MS_MAX = 5_000;

/**
 * Looks at what could be done, over a connection of its own: the others may be what is stuck. Null when Redis does not
 * answer within five seconds.
 */
export async function lookForWork(account: Account): Promise<DueWork | null> {
  const fresh = account.reopen();
  const late = new AbortController();
  try {
    const timeout = delay(LOOK_MS_MAX, null, { signal: late.signal, ref: false });
    return await Promise.race([readDueWork(fresh), timeout]);
  } catch {
    return null;
  } finally {
    late.abort();
    fresh.client.disconnect();
  }
}

async function readDueWork(account: Account): Promise<DueWork> {
  const [live, backfill, connectors, batches] = await Promise.all([
    untaken(account, INTAKE_QUEUE.live),
    untaken(account, INTAKE_QUEUE.backfill),
    account.client.scard(account.key("backlog")),
    sendableBatches(account),
  ]);
  return { chunks: live + backfill, connectors, batches };
}

/** Jobs of a queue that any consumer may take. Those that wait for their time are not due. */
async function untaken(account: Account, queue: string): Promise<number> {
  const { client } = account;
  const [plain, prioritized] = await Promise.all([
    client.llen(account.key(`${queue}:wait`)),
    client.zcard(account.key(`${queue}:prioritized`)),
  ]);
  return plain + prioritized;
}

/**
 * Batches for which a sender could have a call now: none while holds, slots, window or pace are against it, or while as
 * many batches are in the senders' hands as may be.
 */
async function sendableBatches(account: Account): Promise<number> {
  const [waiting, inHand, { state, nowMs, ...assets }] = await Promise.all([
    untaken(account, OUTBOUND_QUEUE),
    account.client.llen(account.key(`${OUTBOUND_QUEUE}:active`)),
    look(account),
  ]);
  const { policy, concurrency } = state;
  if (inHand >= (concurrency ?? policy.fallback.concurrency)) return 0;
  const nobody = { sender: "", leaseMs: 0, callMsMax: 0, connector: "" };
  const waiters = { waitingAssets: assets.waiting, otherAssets: assets.others, isSuspect: false };
  const request = { ...nobody, ...waiters, lane: "backfill", policy } as const;
  return reserve(state, request, nowMs).decision.kind === "go" ? waiting : 0;
}
