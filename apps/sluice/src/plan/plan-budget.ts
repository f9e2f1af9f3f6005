import { emptyState, forecast, type GovernorState } from "@sluice/governor";
import { look, type Account } from "@sluice/queue";
import type { AccountSettings } from "../config/account-settings.ts";

/** What the calls of a plan go by, and how long they take. */
export interface PlanBudget {
  /** Whether Qualys has told its limits; else these are the configured ones. */
  isLearned: boolean;
  limit: number;
  windowMs: number;
  concurrency: number;
  /** Calls for what waits already, which go first. */
  callsBefore: number;
  /** From now on until the last call; null where nobody knows: a hold without an end, or no limit told. */
  elapsedMs: number | null;
}

/** Forecasts so many calls, behind those for all that waits in the account but for the assets that are replaced. */
export async function budgetOf(
  account: Account | null,
  policy: AccountSettings["calls"]["policy"],
  { calls, replaced }: { calls: number; replaced: number },
): Promise<PlanBudget> {
  const known =
    account === null ? { state: emptyState, nowMs: 0, pending: 0 } : await look(account);
  const { nowMs, pending } = known;
  const state: GovernorState = { ...known.state, policy };
  const callsBefore = forecast(state, Math.max(0, pending - replaced), nowMs).calls;
  // The calls are known, not only the assets.
  const byCall = { ...state, assetsPerCall: 1 };
  const { doneAtMs } = forecast(byCall, callsBefore + calls, nowMs);
  const { fallback } = policy;
  return {
    isLearned: state.limit !== null || state.remaining !== null,
    limit: state.limit ?? fallback.limit,
    windowMs: state.windowMs ?? fallback.windowMs,
    concurrency: state.concurrency ?? fallback.concurrency,
    callsBefore,
    elapsedMs: doneAtMs === null ? null : Math.round(doneAtMs - nowMs),
  };
}
