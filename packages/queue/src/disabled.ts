import {
  beginHold,
  enableConnector as enable,
  isDisabling,
  partsOf,
  type DisablingReason,
} from "@sluice/governor";
import type { Account } from "./account.ts";
import { govern, look } from "./governor.ts";
import type { Queues } from "./queues.ts";
import { waitingChunks } from "./waiting-chunks.ts";

/**
 * A disabled connector takes nothing and sends nothing; what waits stays where it is. Returns whether it was not disabled for
 * that reason before.
 */
export async function disableConnector(
  account: Account,
  connector: string,
  { reason, message }: { reason: DisablingReason; message: string },
): Promise<boolean> {
  const hold = { scope: connector, reason, durationMs: null, message };
  return await govern(account, "", ({ state: before, nowMs }) => {
    const { state, isNew } = beginHold(before, hold, nowMs);
    return { state: isNew ? state : null, result: isNew };
  });
}

/**
 * Takes a reason away for which a connector was disabled; once there is none, all that waits goes on. Returns whether it was
 * disabled for that reason.
 */
export async function enableConnector(
  account: Account,
  queues: Pick<Queues, "addChunk" | "promoteDelayed">,
  connector: string,
  reason: DisablingReason,
): Promise<boolean> {
  const wasDisabled = await govern(account, "", ({ state: before, nowMs }) => {
    const state = enable(before, nowMs, connector, reason);
    return { state: state === before ? null : state, result: state !== before };
  });
  if (wasDisabled && !(await disabledConnectors(account)).has(connector)) {
    for await (const chunk of waitingChunks(account)) {
      if (chunk.connector === connector) await queues.addChunk(chunk.lane, chunk.sequence);
    }
    await queues.promoteDelayed();
  }
  return wasDisabled;
}

/** The connectors that are disabled, for whatever reason. */
export async function disabledConnectors(account: Account): Promise<ReadonlySet<string>> {
  const { state } = await look(account);
  const holds = Object.keys(state.holds).map(partsOf);
  return new Set(holds.filter(({ reason }) => isDisabling(reason)).map(({ scope }) => scope));
}
