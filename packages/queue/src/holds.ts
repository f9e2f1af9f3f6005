import type { HoldReason, NewHold } from "@sluice/governor";
import type { Account } from "./account.ts";

/** A hold in force. */
export interface Hold {
  scope: string;
  reason: string;
  sinceMs: number;
  /** Null: until an operator ends it. */
  untilMs: number | null;
  message: string;
}

export interface EndedHold extends Hold {
  endedMs: number;
  cause: "time" | "operator" | "success" | "credentials";
}

interface StoredHold {
  untilMs: number;
  sinceMs: number;
  message: string;
}

interface StoredEnd {
  field: string;
  cause: EndedHold["cause"];
  endedMs: number;
}

/** Begins a hold by an operator's word; a longer one that is there stays. Returns whether it is new. */
export async function beginHold(account: Account, hold: NewHold): Promise<boolean> {
  const { scope, reason, durationMs, message } = hold;
  const [isNew] = await account.run("hold", scope, reason, durationMs ?? 0, message);
  return isNew === 1;
}

/** Ends the holds in force, or those of one reason. Returns "scope reason" of each. */
export async function endHolds(
  account: Account,
  options: { reason?: HoldReason; cause?: EndedHold["cause"] } = {},
): Promise<string[]> {
  const ended = await account.run("resume", options.reason ?? "", options.cause ?? "operator");
  return ended.filter((field) => typeof field === "string");
}

/** The holds in force, the one that ends last at the end. */
export async function readHolds(account: Account): Promise<Hold[]> {
  const [seconds] = await account.client.time();
  const fields = await account.client.hgetall(account.key("holds"));
  return Object.entries(fields)
    .map(([field, json]) => toHold(field, JSON.parse(json) as StoredHold))
    .filter((hold) => hold.untilMs === null || hold.untilMs > Number(seconds) * 1_000)
    .sort((a, b) => (a.untilMs ?? Infinity) - (b.untilMs ?? Infinity));
}

export function parseEndedHold(json: string): EndedHold {
  const ended = JSON.parse(json) as StoredHold & StoredEnd;
  return { ...toHold(ended.field, ended), cause: ended.cause, endedMs: ended.endedMs };
}

function toHold(field: string, stored: StoredHold): Hold {
  const space = field.indexOf(" ");
  return {
    scope: field.slice(0, space),
    reason: field.slice(space + 1),
    sinceMs: stored.sinceMs,
    untilMs: stored.untilMs === 0 ? null : stored.untilMs,
    message: stored.message,
  };
}
