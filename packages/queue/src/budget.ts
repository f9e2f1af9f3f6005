import type { NewHold, Reading } from "@sluice/governor";
import type { Account } from "./account.ts";
import { parseEndedHold, type EndedHold } from "./holds.ts";

/** What to go by when the server says nothing of its limits. */
export interface BudgetFallback {
  limit: number;
  windowMs: number;
  concurrency: number;
}

export interface ReserveOptions {
  sender: string;
  leaseMs: number;
  connector: string;
  /** Calls of each window left to other users of the subscription. */
  callsReserved: number;
  /** After this a reserved call that was never settled is given up. */
  callMsMax: number;
  fallback: BudgetFallback;
}

export type Permit =
  /**
   * One call may be made now. `failures` and `refusals` in a row went before it; `isTrusted` tells whether Qualys ever took
   * anything of this connector, or an operator has vouched for it. `ended` are holds to be reported.
   */
  | {
      kind: "go";
      call: number;
      failures: number;
      refusals: number;
      isTrusted: boolean;
      ended: readonly EndedHold[];
    }
  /** Not now. A wait of the account has already stopped all senders from fetching. */
  | { kind: "wait"; scope: "account" | "connector"; delayMs: number; reason: string };

/** Reserves one call against holds, slots and the rolling window of the account, all senders together. */
export async function reserveCall(account: Account, options: ReserveOptions): Promise<Permit> {
  const { fallback } = options;
  const reply = await account.run(
    "reserve",
    options.sender,
    options.leaseMs,
    options.connector,
    options.callsReserved,
    fallback.limit,
    fallback.windowMs,
    fallback.concurrency,
    options.callMsMax,
  );
  if (reply[0] === "go") {
    const [call = 0, failures = 0, refusals = 0, trusted] = reply.slice(1, 5).map(Number);
    const ended = reply.slice(5).map((json) => parseEndedHold(String(json)));
    return { kind: "go", call, failures, refusals, isTrusted: trusted === 1, ended };
  }
  const scope = reply[1] === "connector" ? "connector" : "account";
  return { kind: "wait", scope, delayMs: Number(reply[2]), reason: String(reply[3]) };
}

/** A reserved call that was made, and what followed from it. */
export interface MadeCall {
  call: number;
  batch: number;
  /** The kind of its verdict. */
  outcome: string;
  /** Whether the server counts it: it does not count what it turned away for being too much. */
  isCounted: boolean;
  reading: Reading;
  hold: NewHold | null;
  /** A learned ceiling for the bytes of this connector's batches. */
  bytesMax: number | null;
  /** For the account's log of calls. */
  entry: CallEntry;
}

/** One line of the account's log of calls. */
export interface CallEntry {
  atMs: number;
  requestId: string;
  status: number | null;
  assets: number;
  elapsedMs: number;
  verdict: string;
  message: string;
}

/** Settles a reserved call and begins the hold that follows, before its slot is free again. */
export async function settleCall(
  account: Account,
  made: MadeCall,
): Promise<{ isNewHold: boolean }> {
  const { hold } = made;
  const reply = await account.run(
    "called",
    made.call,
    made.batch,
    made.outcome,
    made.isCounted ? 1 : 0,
    JSON.stringify(made.reading),
    hold?.scope ?? "",
    hold?.reason ?? "",
    hold === null ? -1 : (hold.durationMs ?? 0),
    hold?.message ?? "",
    JSON.stringify({ call: made.call, ...made.entry }),
    made.bytesMax ?? 0,
  );
  return { isNewHold: reply[0] === 1 };
}

/** Gives a reserved call back that was not made. */
export async function releaseCall(account: Account, call: number): Promise<void> {
  await account.client.hdel(account.key("slots"), String(call));
}

/** Renews a sender's lease. Tells the learned concurrency (0: unknown) and the holds that ended. */
export async function beat(
  account: Account,
  sender: string,
  leaseMs: number,
): Promise<{ concurrency: number; ended: EndedHold[] }> {
  const [concurrency, ...ended] = await account.run("heartbeat", sender, leaseMs);
  return {
    concurrency: Number(concurrency),
    ended: ended.map((json) => parseEndedHold(String(json))),
  };
}

/** What is known of the call budget, for people. */
export interface BudgetStatus {
  limit: number | null;
  windowMs: number | null;
  concurrency: number | null;
  /** Calls left, as the newest reading said. */
  remaining: number | null;
  readAtMs: number | null;
  /** Calls of others in the window, as far as a reading has shown. */
  foreign: number;
}

export async function readBudget(account: Account): Promise<BudgetStatus> {
  const fields = await account.client.hgetall(account.key("budget"));
  const numberOf = (name: string) => (fields[name] === undefined ? null : Number(fields[name]));
  return {
    limit: numberOf("limit"),
    windowMs: numberOf("windowMs"),
    concurrency: numberOf("concurrency"),
    remaining: numberOf("remaining"),
    readAtMs: numberOf("readAt"),
    foreign: numberOf("foreign") ?? 0,
  };
}

/**
 * Forgets what was read when the server behind the account is another one than last time: a restored or replaced Redis may
 * lack calls that Qualys still counts. The next calls are made one at a time, until an answer says how things are.
 */
export async function distrustOtherServer(account: Account): Promise<void> {
  const key = account.key("budget");
  const before = await account.client.hget(key, "runId");
  if (before === account.server.runId) return;
  if (before !== null) {
    await account.client.hdel(key, "foreign", "remaining", "readings");
  }
  await account.client.hset(key, "runId", account.server.runId);
}

/** The newest calls first. */
export async function recentCalls(account: Account, count: number): Promise<CallEntry[]> {
  const entries = await account.client.xrevrange(account.key("log"), "+", "-", "COUNT", count);
  return entries.map(([, fields]) => JSON.parse(fields[1] ?? "{}") as CallEntry);
}
