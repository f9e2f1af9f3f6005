import {
  beat as beatGovernor,
  distrust,
  forecast,
  freeCalls,
  release,
  reserve,
  settle,
  type CallRequest,
  type Doubt,
  type EndedHold,
  type GovernorState,
  type NewHold,
  type Policy,
  type SettledCall,
  type Standing,
} from "@sluice/governor";
import type { Account } from "./account.ts";
import { IN_HAND_MS_MAX } from "./consume.ts";
import { govern, look } from "./governor.ts";
import { readRunId } from "./server-check.ts";

export type ReserveOptions = Omit<CallRequest, "waitingAssets" | "otherAssets">;

export type Permit =
  /**
   * One call may be made now. `ended` are holds to be reported.
   */
  | { kind: "go"; call: number; ended: readonly EndedHold[] }
  /** Not now. A long wait of the account has already stopped all senders from fetching. */
  | {
      kind: "wait";
      scope: "account" | "connector" | "lane" | "suspects";
      delayMs: number;
      reason: string;
    };

/** Reserves one call against holds, slots, the rolling window and the pace of the account, all senders together. */
export async function reserveCall(account: Account, options: ReserveOptions): Promise<Permit> {
  return await govern<Permit>(account, options.connector, ({ waiting, others, ...facts }) => {
    const request = { ...options, waitingAssets: waiting, otherAssets: others };
    const { state, decision, ended } = reserve(facts.state, request, facts.nowMs);
    if (decision.kind === "go") return { state, result: { ...decision, ended } };
    // Whoever waits with the batch in hand changes nothing that will not be seen again when it asks again.
    const isLong = decision.delayMs > IN_HAND_MS_MAX;
    if (decision.scope === "account" && !isLong) return { state: null, result: decision };
    // Told by whoever gets a permit, or by a heart that beats.
    const untold = { ...state, untold: ended };
    const stopMs = decision.scope === "account" ? decision.delayMs : 0;
    return { state: untold, result: decision, stopMs };
  });
}

/** A reserved call that was made. */
export interface MadeCall extends Omit<SettledCall, keyof Standing> {
  batch: number;
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

/** What followed from a call: a hold, whether it is new, and when all that waits can be sent. */
export interface CallOutcome {
  hold: NewHold | null;
  isNewHold: boolean;
  callsToGo: number;
  doneAtMs: number | null;
  /** The doubt about its batch that follows. */
  doubt: Doubt | null;
  /** Whether refusals of its connector may be the assets' own. */
  isTrusted: boolean;
}

/** Settles a reserved call and begins the hold that follows, before its slot is free again. */
export async function settleCall(account: Account, made: MadeCall): Promise<CallOutcome> {
  const { batch, bytesMax, entry, ...call } = made;
  const line = JSON.stringify({ call: call.call, ...entry });
  return await govern(
    account,
    call.connector,
    ({ state: before, nowMs, aheadMs, standing, waiting }) => {
      const settled = settle(before, { ...call, ...standing }, nowMs);
      const { state, failures, ...outcome } = settled;
      const { calls: callsToGo, doneAtMs: doneAt } = forecast(state, waiting, nowMs);
      const doneAtMs = doneAt && doneAt - aheadMs;
      const { isTrusted } = standing;
      return {
        state,
        result: { ...outcome, callsToGo, doneAtMs, isTrusted },
        args: [
          batch,
          call.outcome,
          line,
          bytesMax ?? 0,
          call.call,
          jsonOf(failures),
          jsonOf(outcome.doubt),
        ],
      };
    },
    "called",
  );
}

function jsonOf(value: object | null): string {
  return value === null ? "" : JSON.stringify(value);
}

/** Gives a reserved call back that was not made. */
export async function releaseCall(account: Account, call: number): Promise<void> {
  await govern(account, "", ({ state }) => ({ state: release(state, call), result: null }));
}

/** Renews a sender's lease. Tells the concurrency by now, and the holds that ended. */
export async function beat(
  account: Account,
  sender: { id: string; leaseMs: number; policy: Policy },
): Promise<{ concurrency: number; ended: readonly EndedHold[] }> {
  return await govern(account, "", ({ state: before, nowMs }) => {
    const { state, ended } = beatGovernor(before, sender, nowMs);
    return { state, result: { concurrency: serverConcurrency(state), ended } };
  });
}

/** How many calls the server, or else the operator, allows at once: how many may be right now the governor decides. */
function serverConcurrency({ concurrency, policy }: GovernorState): number {
  return concurrency ?? policy.fallback.concurrency;
}

/** What is known of the call budget, for people. */
export interface BudgetStatus {
  limit: number | null;
  windowMs: number | null;
  concurrency: number | null;
  /** Calls left, as the newest reading said. */
  remaining: number | null;
  readAtMs: number | null;
  /** Calls of others in the window, as far as a reading has shown, and calls left free because of them. */
  foreign: number;
  slack: number;
  /** Calls that could be made now. */
  free: number;
  /** Whether calls are spread over the window now. */
  isSpread: boolean;
  /** Calls that all that waits will take, and when the last can be made; null where that is not known. */
  callsToGo: number;
  doneAtMs: number | null;
}

export async function readBudget(account: Account): Promise<BudgetStatus> {
  const { state, nowMs, aheadMs, waiting } = await look(account);
  const { calls, doneAtMs } = forecast(state, waiting, nowMs);
  return {
    limit: state.limit,
    windowMs: state.windowMs,
    concurrency: state.concurrency,
    remaining: state.remaining,
    readAtMs: state.readAtMs === null ? null : state.readAtMs - aheadMs,
    foreign: state.foreign,
    slack: state.slack.count,
    free: freeCalls(state, "live", nowMs),
    isSpread: state.isSpread,
    callsToGo: calls,
    doneAtMs: doneAtMs && doneAtMs - aheadMs,
  };
}

/**
 * Forgets what was read when the server behind the account is another one than last time: a restored or replaced Redis may
 * lack calls that Qualys still counts. The next call is a probe, and its answer says how things are.
 */
export async function distrustOtherServer(account: Account): Promise<void> {
  const key = account.key("governor");
  const runId = await readRunId(account.client);
  const before = await account.client.hget(key, "runId");
  if (before === runId) return;
  if (before !== null) {
    await govern(account, "", ({ state }) => ({ state: distrust(state), result: null }));
  }
  await account.client.hset(key, "runId", runId);
}

/** The newest calls first. */
export async function recentCalls(account: Account, count: number): Promise<CallEntry[]> {
  const entries = await account.client.xrevrange(account.key("log"), "+", "-", "COUNT", count);
  return entries.map(([, fields]) => JSON.parse(fields[1] ?? "{}") as CallEntry);
}
