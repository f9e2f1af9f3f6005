import {
  budgetShare,
  defaultPolicy,
  defaultStyle,
  simulate as simulateGovernor,
  type Pacing,
  type Scenario,
} from "@sluice/governor";
import { pause } from "@sluice/service";
import { CommandError, EXIT } from "../exit-codes.ts";
import { counted, grouped, spanText, type Terminal } from "../terminal/terminal.ts";

/** The world to simulate. */
export interface SimulateOptions {
  /** Assets that wait at the beginning. */
  assets: number;
  /** Calls in a window, its length, and calls at once. */
  limit: number;
  windowMs: number;
  concurrency: number;
  latencyMs: number;
  assetsPerCall: number;
  /** Assets of the live lane that come on the way. */
  livePerHour: number;
  /** Calls that others make on the same subscription. */
  foreignPerWindow: number;
  senders: number;
  seed: number;
}

/** What became of it by one way of pacing. */
interface Outcome {
  pacing: Pacing;
  /** Until the backlog was delivered. */
  elapsedMs: number;
  calls: number;
  /** Calls of others that were let in. */
  foreignCalls: number;
  limited: { rate: number; concurrency: number };
  /** Of the budget until then; null when there was too little to tell. */
  share: number | null;
  /** From arrival to delivery, of all assets of the live lane; null when there were none. */
  liveP50Ms: number | null;
  liveP99Ms: number | null;
}

const PACINGS: readonly Pacing[] = ["auto", "burst", "spread"];
/** A call is simulated in about a tenth of a millisecond. */
const CALLS_MAX = 100_000;
const ELAPSED_MS_MAX = 366 * 86_400_000;
/** Live assets come at least for this long. */
const WINDOWS_MIN = 10;
const WAY_MS = [5, 20] as const;
const LATENCY_SPREAD = 0.2;
const LINGER_MS = 2_000;

/** `sluice simulate`: how long a backlog takes, by each way of pacing, in virtual time: nothing is sent. */
export async function simulate(
  options: SimulateOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const untilMs = estimateMs(options);
  const outcomes: Outcome[] = [];
  for (const pacing of PACINGS) {
    outcomes.push(outcomeOf(options, pacing, untilMs));
    // A signal is only heard between two of them.
    await pause(0, signal);
    if (signal.aborted) return EXIT.stopped;
  }
  terminal.result({ ...options, outcomes }, linesOf(options, outcomes));
  return EXIT.done;
}

/** How long it would take with no call wasted. Throws for what never ends, or takes too long to simulate. */
function estimateMs(options: SimulateOptions): number {
  const { assets, limit, windowMs, assetsPerCall, livePerHour, foreignPerWindow } = options;
  const callsPerMs = (limit - foreignPerWindow) / windowMs;
  const freePerMs = callsPerMs * assetsPerCall - livePerHour / 3_600_000;
  if (freePerMs <= 0) {
    throw new CommandError(
      "Cannot simulate what never ends: others' calls and live assets take the whole budget; use fewer, or a larger limit",
    );
  }
  const elapsedMs = Math.max(assets / freePerMs, livePerHour > 0 ? WINDOWS_MIN * windowMs : 0);
  if (elapsedMs > ELAPSED_MS_MAX || elapsedMs * callsPerMs > CALLS_MAX) {
    throw new CommandError(
      `Cannot simulate more than a year, or more than ${counted(CALLS_MAX, "call")}: use fewer assets, or a larger batch`,
    );
  }
  return elapsedMs;
}

function outcomeOf(options: SimulateOptions, pacing: Pacing, untilMs: number): Outcome {
  // While live assets come, some always wait: the backlog is over when one call would take them all.
  const assetsLeft = options.livePerHour > 0 ? options.assetsPerCall : 1;
  const over = { atMs: Infinity, lastMs: 0 };
  const scenario = scenarioOf(options, pacing, untilMs);
  const report = simulateGovernor(scenario, (_, waitingAssets, nowMs) => {
    if (waitingAssets < assetsLeft) over.atMs = Math.min(over.atMs, nowMs);
    over.lastMs = nowMs;
  });
  const { elapsedMs, liveMs, server } = report;
  const callsMs = server.ownMs.filter((atMs) => atMs <= over.atMs);
  const { rate, concurrency } = server.refusedMs;
  return {
    pacing,
    elapsedMs: Math.round(elapsedMs - (over.lastMs - over.atMs)),
    calls: callsMs.length,
    foreignCalls: server.foreign,
    limited: { rate: rate.length, concurrency: concurrency.length },
    share: budgetShare(callsMs, options),
    liveP50Ms: quantile(liveMs, 0.5),
    liveP99Ms: quantile(liveMs, 0.99),
  };
}

function scenarioOf(options: SimulateOptions, pacing: Pacing, untilMs: number): Scenario {
  const { limit, windowMs, concurrency, latencyMs, assets, ...world } = options;
  const { assetsPerCall } = options;
  const latencySpreadMs = latencyMs * LATENCY_SPREAD;
  return {
    ...world,
    policy: { ...defaultPolicy, pacing, assetsPerCall },
    limits: { limit, windowMs, concurrency },
    style: defaultStyle,
    latencyMs: [latencyMs - latencySpreadMs, latencyMs + latencySpreadMs],
    wayMs: WAY_MS,
    backfill: assets,
    lingerMs: LINGER_MS,
    changes: [],
    untilMs,
  };
}

/** Of values in ascending order. */
function quantile(sorted: readonly number[], share: number): number | null {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return value === undefined ? null : Math.round(value);
}

const HEAD = ["pacing", "time", "calls", "share", "429s", "others", "live p50", "live p99"];
const COLUMN_CHARS = 10;

function linesOf(options: SimulateOptions, outcomes: readonly Outcome[]): string[] {
  const { assets, assetsPerCall, limit, windowMs, concurrency } = options;
  const { livePerHour, foreignPerWindow } = options;
  const world = [
    `${counted(assets, "asset")}, ${grouped(assetsPerCall)} a call`,
    `${counted(limit, "call")} in ${spanText(windowMs)}, ${grouped(concurrency)} at once`,
    ...(livePerHour > 0 ? [`${grouped(livePerHour)} live an hour`] : []),
    ...(foreignPerWindow > 0 ? [`${grouped(foreignPerWindow)} calls of others in a window`] : []),
  ];
  return [world.join("; "), rowText(HEAD), ...outcomes.map((outcome) => rowText(cellsOf(outcome)))];
}

function cellsOf({
  pacing,
  elapsedMs,
  calls,
  limited,
  share,
  foreignCalls,
  ...live
}: Outcome): string[] {
  const spanOf = (ms: number | null) => (ms === null ? "-" : spanText(ms));
  return [
    pacing,
    spanText(elapsedMs),
    grouped(calls),
    share === null ? "-" : share.toFixed(3),
    grouped(limited.rate + limited.concurrency),
    grouped(foreignCalls),
    spanOf(live.liveP50Ms),
    spanOf(live.liveP99Ms),
  ];
}

function rowText(cells: readonly string[]): string {
  return cells
    .map((cell) => cell.padEnd(COLUMN_CHARS))
    .join("")
    .trimEnd();
}
