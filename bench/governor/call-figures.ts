import { budgetShare } from "@sluice/governor";
import type { SandboxCall } from "@sluice/sandbox";
import { FOREIGN_AGENT } from "../support/foreign-client.ts";

/** Part of a run in which the limits were the same. */
export interface Phase {
  limit: number;
  windowMs: number;
  fromMs: number;
  untilMs: number;
  /** So much at its beginning does not count for the share. */
  settleMs: number;
}

export interface CallFigures {
  limit: number;
  windowMs: number;
  windows: number;
  /** Calls of ours that were let in, and others' calls. */
  calls: number;
  foreignCalls: number;
  /** Of the budget: ours, and ours with the others'. Null when there were too few calls to tell. */
  share: number | null;
  shareTogether: number | null;
  /** Calls of ours that were refused, and the most in one window. */
  rateRefusals: number;
  concurrencyRefusals: number;
  refusalsInWorstWindow: number;
  foreignRefusals: number;
  /** The most calls of ours in any window, refused ones included. */
  callsInWorstWindow: number;
  /** Of the assets that our calls might have carried; the last call is left out. */
  fill: number | null;
}

/** What the server's own ledger says of a phase. */
export function figuresOf(
  ledger: readonly SandboxCall[],
  phase: Phase,
  assetsPerCall: number,
): CallFigures {
  const { limit, windowMs, fromMs, untilMs, settleMs } = phase;
  const calls = ledger.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs);
  const ours = calls.filter(isOurs);
  const admitted = ours.filter(isAdmitted);
  const refused = ours.filter((call) => !isAdmitted(call));
  const settled = (some: readonly SandboxCall[]) =>
    some.filter(({ atMs }) => atMs >= fromMs + settleMs).map(({ atMs }) => atMs);
  const full = admitted.slice(0, -1);
  const assets = full.reduce((sum, { assetCount }) => sum + (assetCount ?? 0), 0);
  return {
    limit,
    windowMs,
    windows: (untilMs - fromMs) / windowMs,
    calls: admitted.length,
    foreignCalls: calls.length - ours.length,
    share: budgetShare(settled(admitted), phase),
    shareTogether: budgetShare(settled(calls.filter(isAdmitted)), phase),
    rateRefusals: refused.filter(({ admission }) => admission === "rate").length,
    concurrencyRefusals: refused.filter(({ admission }) => admission === "concurrency").length,
    refusalsInWorstWindow: mostInWindow(refused, windowMs),
    foreignRefusals: calls.filter((call) => !isOurs(call) && !isAdmitted(call)).length,
    callsInWorstWindow: mostInWindow(ours, windowMs),
    fill: full.length === 0 ? null : assets / (full.length * assetsPerCall),
  };
}

function isOurs({ userAgent }: SandboxCall): boolean {
  return userAgent !== FOREIGN_AGENT;
}

function isAdmitted({ admission }: SandboxCall): boolean {
  return admission === "admitted";
}

function mostInWindow(calls: readonly SandboxCall[], windowMs: number): number {
  let most = 0;
  let oldest = 0;
  for (const [newest, { atMs }] of calls.entries()) {
    while (atMs - (calls[oldest]?.atMs ?? atMs) >= windowMs) oldest += 1;
    most = Math.max(most, newest - oldest + 1);
  }
  return most;
}
