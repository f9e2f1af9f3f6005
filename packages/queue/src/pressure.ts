import type { Account } from "./account.ts";
import { readBudget } from "./budget.ts";
import { parseInfo } from "./server-check.ts";

/** What waits in Redis against what may, and what Redis uses altogether. In bytes. */
export interface Pressure {
  /** In chunks, segments and batches, as they are stored. */
  waiting: number;
  /** How much of that there may be. */
  waitingMax: number;
  /** All that the server uses, for whomever. */
  used: number;
  /** From where on producers wait; null where the server has no `maxmemory`. */
  usedMax: number | null;
}

const PLACES = ["intake", "outbox", "batches"] as const;

/** How full it is. Who has to wait is decided when something is enqueued (`lua/part/marks.lua`). */
export async function readPressure(account: Account): Promise<Pressure> {
  const { client, queueBytesMax, memoryPercentMax } = account;
  const places = await client.hmget(account.key("bytes"), ...PLACES);
  const memory = parseInfo(await client.info("memory"));
  const memoryMax = Number(memory.get("maxmemory") ?? 0);
  return {
    waiting: places.reduce((sum, bytes) => sum + Number(bytes ?? 0), 0),
    waitingMax: queueBytesMax,
    used: Number(memory.get("used_memory") ?? 0),
    usedMax: memoryMax === 0 ? null : Math.floor((memoryMax * memoryPercentMax) / 100),
  };
}

/** Of what waits, this much is gone before a producer that was refused is let in again; see `lua/part/marks.lua`. */
const DRAINED_SHARE = 1 / 6;

/**
 * How long it will take until there is room again, as far as the call budget tells; null when nobody knows. In milliseconds.
 */
export async function roomInMs(account: Account): Promise<number | null> {
  const { doneAtMs } = await readBudget(account);
  return doneAtMs === null ? null : Math.max(0, doneAtMs - Date.now()) * DRAINED_SHARE;
}
