import type { SandboxCall } from "./call-ledger.ts";

/** What a chart shows: so many points at equal distances, the last at `untilMs`. */
export interface ChartSpan {
  /** Epoch ms. */
  readonly untilMs: number;
  readonly spanMs: number;
  readonly points: number;
}

/** One moment of a chart. */
export interface ChartPoint {
  readonly atMs: number;
  /** Counted calls in the window that ends now. */
  readonly inWindow: number;
  /** Calls that were let in since the point before. */
  readonly admitted: number;
  /** Calls that a limit refused since the point before. */
  readonly refused: number;
}

/** How full the window was, from a ledger's calls in order of arrival. */
export function chartCalls(
  calls: readonly SandboxCall[],
  windowMs: number,
  { untilMs, spanMs, points }: ChartSpan,
): ChartPoint[] {
  const stepMs = spanMs / points;
  const admittedMs = arrivals(calls, (call) => call.admission === "admitted");
  const refusedMs = arrivals(
    calls,
    (call) => call.admission === "rate" || call.admission === "concurrency",
  );
  return Array.from({ length: points }, (_, index) => {
    const atMs = untilMs - (points - 1 - index) * stepMs;
    const admitted = countUntil(admittedMs, atMs);
    return {
      atMs,
      inWindow: admitted - countUntil(admittedMs, atMs - windowMs),
      admitted: admitted - countUntil(admittedMs, atMs - stepMs),
      refused: countUntil(refusedMs, atMs) - countUntil(refusedMs, atMs - stepMs),
    };
  });
}

function arrivals(calls: readonly SandboxCall[], fits: (call: SandboxCall) => boolean): number[] {
  return calls.filter(fits).map((call) => call.atMs);
}

/** How many of the ascending times are not after `atMs`, by halving. */
function countUntil(timesMs: readonly number[], atMs: number): number {
  let [low, high] = [0, timesMs.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((timesMs[middle] ?? Infinity) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
