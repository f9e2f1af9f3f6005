import {
  beginHold as begin,
  endHolds as end,
  partsOf,
  type EndCause,
  type HoldReason,
  type NewHold,
} from "@sluice/governor";
import type { Account } from "./account.ts";
import { govern, look } from "./governor.ts";

/** A hold in force. Times are the time of day. */
export interface Hold {
  scope: string;
  reason: string;
  sinceMs: number;
  /** Null: until an operator ends it. */
  untilMs: number | null;
  message: string;
}

/** Begins a hold by an operator's word; a longer one that is there stays. Returns whether it is new. */
export async function beginHold(account: Account, hold: NewHold): Promise<boolean> {
  return await govern(account, "", ({ state: before, nowMs }) => {
    const { state, isNew } = begin(before, hold, nowMs);
    return { state, result: isNew };
  });
}

/**
 * Ends the holds in force, or those of one reason or scope, and lets the senders look again. Returns "scope reason" of each. Of a
 * connector whose refusals an operator has looked at, refusals are the assets' own from now on.
 */
export async function endHolds(
  account: Account,
  options: {
    reason?: HoldReason;
    scope?: string;
    cause?: Exclude<EndCause, "time" | "room">;
  } = {},
): Promise<string[]> {
  const { reason, scope, cause = "operator" } = options;
  return await govern(
    account,
    "",
    ({ state: before, nowMs }) => {
      // A pause that ends says nothing about refusals; whoever looked at those, or at everything, has decided.
      const isJudged = reason === undefined || reason === "refused" || reason === "credentials";
      const vouchedCall = isJudged ? before.callNumber : 0;
      const state = end(before, nowMs, cause, { reason, scope });
      const ended = Object.keys(before.holds).filter((name) => !state.holds[name]);
      const vouched = ended.map(partsOf).filter((hold) => hold.reason === "refused");
      return {
        state,
        result: ended,
        isFreed: true,
        args: [
          vouchedCall,
          scope === undefined || scope === "account" ? "" : scope,
          ...vouched.map(({ scope }) => scope),
        ],
      };
    },
    "resume",
  );
}

/** The holds in force, the one that ends last at the end. */
export async function readHolds(account: Account): Promise<Hold[]> {
  const { state, nowMs, aheadMs } = await look(account);
  return Object.entries(state.holds)
    .filter(([, { untilMs }]) => untilMs === null || untilMs > nowMs)
    .map(([name, { sinceMs, untilMs, message }]) => ({
      ...partsOf(name),
      sinceMs: sinceMs - aheadMs,
      untilMs: untilMs === null ? null : untilMs - aheadMs,
      message,
    }))
    .sort((a, b) => (a.untilMs ?? Infinity) - (b.untilMs ?? Infinity));
}
