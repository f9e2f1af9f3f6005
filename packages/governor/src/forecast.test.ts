import { describe, expect, it } from "vitest";
import { forecast } from "./forecast.ts";
import type { Pacing } from "./policy.ts";
import { simulate, type Scenario } from "./simulation/simulate.ts";
import { scenarioOf } from "./simulation/test-scenario.ts";
import type { GovernorState } from "./state.ts";
import { holdUntil, inFlightOf, NOW_MS, policyOf, stateOf } from "./test-governor.ts";

const TIMEOUT = { timeout: 60_000 };

/** The documented example, all of it free. */
function hourly(state: Partial<GovernorState> = {}): GovernorState {
  return stateOf({ limit: 300, windowMs: 3_600_000, ...state });
}

function doneAfterMs(state: GovernorState, assets: number): number | null {
  const { doneAtMs } = forecast(state, assets, NOW_MS);
  return doneAtMs === null ? null : doneAtMs - NOW_MS;
}

describe("forecast", () => {
  it("needs nothing for nothing", () => {
    expect(forecast(hourly(), 0, NOW_MS)).toEqual({ calls: 0, doneAtMs: NOW_MS });
  });

  it("counts the calls that are needed, and no time for what the calls left can take", () => {
    expect(forecast(hourly(), 29_950, NOW_MS)).toEqual({ calls: 300, doneAtMs: NOW_MS });
  });

  it("needs the time that the answers take, where the calls left suffice", () => {
    expect(doneAfterMs(hourly({ usualMs: 400, concurrency: 2 }), 10_000)).toBe(100 * 200);
  });

  it("says that a million assets take 33 hours at 300 calls an hour", () => {
    expect(forecast(hourly(), 1_000_000, NOW_MS).calls).toBe(10_000);
    expect(doneAfterMs(hourly(), 1_000_000)).toBe(33 * 3_600_000);
  });

  it("knows when each place in the window is free again", () => {
    const calls = [
      { atMs: NOW_MS - 600_000, count: 200 },
      { atMs: NOW_MS - 300_000, count: 100 },
    ];
    const state = hourly({ calls });
    expect(doneAfterMs(state, 100)).toBe(3_000_005);
    expect(doneAfterMs(state, 20_000)).toBe(3_000_005);
    expect(doneAfterMs(state, 20_001)).toBe(3_300_005);
    expect(doneAfterMs(state, 30_001)).toBe(3_000_005 + 3_600_000);
  });

  it("lets what is too much leave the window first, when the limit became smaller", () => {
    const calls = [NOW_MS - 600_000, NOW_MS - 300_000].map((atMs) => ({ atMs, count: 300 }));
    expect(doneAfterMs(hourly({ calls }), 100)).toBe(3_300_005);
  });

  it("counts calls in flight as made, and as taking their place", () => {
    const state = hourly({ ...inFlightOf(2), calls: [{ atMs: NOW_MS, count: 298 }] });
    expect(doneAfterMs(state, 200)).toBe(0);
    expect(doneAfterMs(state, 300)).toBe(3_600_005);
    const flying = hourly(inFlightOf(300));
    expect(doneAfterMs(flying, 30_100)).toBe(3_600_000);
  });

  it("begins at the end of a hold, when more of the window is free", () => {
    const holds = { "account rate-limit": holdUntil(NOW_MS + 3_000_000) };
    expect(doneAfterMs(hourly({ holds }), 100)).toBe(3_000_000);
    const calls = [{ atMs: NOW_MS - 1_000_000, count: 300 }];
    expect(doneAfterMs(hourly({ holds, calls }), 30_000)).toBe(3_000_000);
  });

  it("says how many calls, and not how long, when only an operator can end the hold", () => {
    const holds = { "account operator": holdUntil(null) };
    expect(forecast(hourly({ holds }), 250, NOW_MS)).toEqual({ calls: 3, doneAtMs: null });
  });

  it("says how many calls, and not how long, where the server tells only what remains", () => {
    const pair = hourly({ limit: null, remaining: 5, left: 5 });
    expect(forecast(pair, 250, NOW_MS)).toEqual({ calls: 3, doneAtMs: null });
  });

  it("goes by the pace where calls are spread", () => {
    const policy = policyOf({ pacing: "spread" });
    expect(doneAfterMs(hourly({ policy }), 10_000)).toBe(100 * 11_880);
    expect(doneAfterMs(hourly({ policy }), 40_000)).toBe(100 * 11_880 + 3_600_000);
    const auto = policyOf({ pacing: "auto" });
    expect(doneAfterMs(hourly({ policy: auto }), 30_000)).toBe(0);
    const calls = [{ atMs: NOW_MS - 600_000, count: 300 }];
    expect(doneAfterMs(hourly({ policy: auto, calls }), 30_000)).toBe(3_000_005);
  });
});

describe("the forecast of a simulated run, at 10, 50 and 90 % of it,", () => {
  const paced = (pacing: Pacing): Partial<Scenario> => ({
    policy: policyOf({ pacing }),
    limits: { limit: 300, windowMs: 3_600_000, concurrency: 2 },
    latencyMs: [300, 600],
    wayMs: [5, 40],
    backfill: 200_000,
  });
  const quick: Partial<Scenario> = {
    limits: { limit: 60, windowMs: 10_000, concurrency: 2 },
    backfill: 120_000,
  };

  it.each<[string, Partial<Scenario>]>([
    ["in bursts", paced("burst")],
    ["spread", paced("spread")],
    ["by `auto`", paced("auto")],
    ["of less than two windows", { ...paced("auto"), backfill: 45_000 }],
    ["spread over less than a window", { ...paced("spread"), backfill: 25_000 }],
    ["limited by a short window", quick],
    [
      "limited by how long answers take",
      { ...paced("auto"), limits: { limit: 9_000, windowMs: 3_600_000, concurrency: 2 } },
    ],
    ["with calls left to others", { ...paced("auto"), policy: policyOf({ callsReserved: 100 }) }],
    ["with batches that are not full", { ...paced("auto"), assetsPerCall: 60 }],
  ])("%s, is off by a twentieth of what came at most", TIMEOUT, (_, facts) => {
    for (const error of errorsOf(scenarioOf(facts))) expect(Math.abs(error)).toBeLessThan(0.05);
  });

  it(
    "in bursts, during the hold after each of them, is off by a twentieth at most",
    TIMEOUT,
    () => {
      const scenario = scenarioOf({ ...paced("burst"), backfill: 90_000 });
      const seen: { nowMs: number; doneAtMs: number }[] = [];
      const report = simulate(scenario, (state, waiting, nowMs) => {
        if (waiting < 20_000 || !state.holds["account rate-limit"]) return;
        seen.push({ nowMs, doneAtMs: forecast(state, waiting, nowMs).doneAtMs ?? NaN });
      });
      expect(seen.length).toBeGreaterThan(0);
      for (const { nowMs, doneAtMs } of seen) {
        expect(Math.abs((doneAtMs - nowMs) / (report.endedAtMs - nowMs) - 1)).toBeLessThan(0.05);
      }
    },
  );
});

/** By how much of the remaining time the forecasts were wrong. */
function errorsOf(scenario: Scenario): number[] {
  const shares = [0.9, 0.5, 0.1];
  const seen: { nowMs: number; doneAtMs: number }[] = [];
  const report = simulate(scenario, (state, waiting, nowMs) => {
    if (waiting > scenario.backfill * (shares[seen.length] ?? 0)) return;
    if (seen.length < shares.length) {
      seen.push({ nowMs, doneAtMs: forecast(state, waiting, nowMs).doneAtMs ?? NaN });
    }
  });
  expect(seen).toHaveLength(shares.length);
  return seen.map(({ nowMs, doneAtMs }) => (doneAtMs - nowMs) / (report.endedAtMs - nowMs) - 1);
}
