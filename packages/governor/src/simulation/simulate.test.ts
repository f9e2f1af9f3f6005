import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { policyOf } from "../test-governor.ts";
import { simulate, type Scenario, type SimulationReport } from "./simulate.ts";
import { scenarioOf } from "./test-scenario.ts";

const RUNS = { seed: 20261121, numRuns: 60 };
const TIMEOUT = { timeout: 60_000 };

/** From the least to the most of something that chance decides. */
function spanOf(most: number): fc.Arbitrary<readonly [number, number]> {
  const times = fc.tuple(fc.integer({ min: 0, max: most }), fc.integer({ min: 0, max: most }));
  return times.map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);
}

const limits = fc.record({
  limit: fc.integer({ min: 1, max: 60 }),
  windowMs: fc.constantFrom(1_000, 10_000, 60_000, 3_600_000, 86_400_000),
  concurrency: fc.integer({ min: 1, max: 5 }),
});

const style = fc.record({
  headers: fc.constantFrom("all" as const, "pair" as const, "none" as const),
  toWait: fc.constantFrom("up" as const, "down" as const, "none" as const),
  countsItself: fc.boolean(),
});

const world = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000_000 }),
  limits,
  style,
  policy: fc.record({
    pacing: fc.constantFrom("auto" as const, "burst" as const, "spread" as const),
    callsReserved: fc.constantFrom(0, 1, 5),
    callsLive: fc.constantFrom(0, 0.1, 0.5),
  }),
  latencyMs: spanOf(500),
  wayMs: spanOf(200),
  senders: fc.integer({ min: 1, max: 4 }),
  windows: fc.integer({ min: 0, max: 6 }),
  assetsPerCall: fc.constantFrom(1, 10, 100),
  lingerMs: fc.constantFrom(0, 2_000),
});

/** A world in which nothing but our own calls happens. */
const calm = world.map(({ windows, policy, ...facts }): Scenario => {
  const calls = Math.min(windows * facts.limits.limit, 150) + 1;
  const { assetsPerCall } = facts;
  return scenarioOf({
    ...facts,
    policy: policyOf({ ...policy, assetsPerCall, fallback: facts.limits }),
    backfill: calls * assetsPerCall,
  });
});

/** Live assets come as well, up to half as many again as all calls together can take. */
const live = fc
  .tuple(calm, fc.constantFrom(0.01, 0.2, 0.8, 1.5))
  .map(([scenario, share]): Scenario => {
    const { limit, windowMs } = scenario.limits;
    const livePerHour = (share * limit * 3_600_000) / windowMs;
    return { ...scenario, livePerHour, untilMs: windowMs * Math.min(2, 60 / limit) };
  });

/** All senders but one die, each at some time. A lease is seconds, so that days of it would take too long. */
const deadly = fc
  .tuple(calm, fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { maxLength: 3 }))
  .map(([scenario, times]): Scenario => {
    const windowMs = Math.min(scenario.limits.windowMs, 3_600_000);
    const changes = times
      .slice(0, scenario.senders - 1)
      .map((time, index) => ({ atMs: time * windowMs, killSender: index }));
    const fallback = { ...scenario.limits, windowMs };
    return { ...scenario, limits: fallback, policy: { ...scenario.policy, fallback }, changes };
  });

/** The limits change once, by a third to threefold. */
const changing = fc
  .tuple(calm, limits, fc.double({ min: 0, max: 3, noNaN: true }), fc.constantFrom(1, 2))
  .map(([scenario, { concurrency }, time, longer]): Scenario => {
    const { limit, windowMs } = scenario.limits;
    const changed = {
      limit: Math.max(1, Math.round(limit * 3 ** (((time * 7) % 2) - 1))),
      windowMs: windowMs * longer,
      concurrency,
    };
    const changes = [{ atMs: time * windowMs, limits: changed }];
    return { ...scenario, style: { ...scenario.style, headers: "all" }, changes };
  });

/** Others use up to all of the budget. */
const shared = fc
  .tuple(calm, fc.constantFrom(0.1, 0.33, 0.6, 1))
  .map(([scenario, share]): Scenario => {
    const foreignPerWindow = share * scenario.limits.limit;
    return { ...scenario, style: { ...scenario.style, headers: "all" }, foreignPerWindow };
  });

/** The most events in any span of time. */
function mostWithin(timesMs: readonly number[], spanMs: number): number {
  let first = 0;
  return timesMs.reduce((most, atMs, index) => {
    while (atMs - (timesMs[first] ?? atMs) >= spanMs) first += 1;
    return Math.max(most, index - first + 1);
  }, 0);
}

function expectAllDelivered({ backfill }: Scenario, report: SimulationReport): void {
  expect(report.assets).toBe(backfill + report.liveMs.length);
  expect(report.state.slots).toEqual({});
}

/** No window, as the server counts it, has more calls than the limit; the server's model would refuse them. */
function expectWithinLimit({ limits: { limit, windowMs } }: Scenario, report: SimulationReport) {
  expect(mostWithin(report.server.ownMs, windowMs)).toBeLessThanOrEqual(limit);
}

/** Refused: none, but where the server does not tell enough to know. */
function expectFewRefused(scenario: Scenario, report: SimulationReport, deaths = 0): void {
  const { headers, toWait, countsItself } = scenario.style;
  const { rate, concurrency } = report.server.refusedMs;
  expect(concurrency).toEqual([]);
  if (headers !== "pair" || (toWait === "up" && countsItself)) {
    expect(rate.length).toBeLessThanOrEqual(headers === "pair" ? deaths : 0);
  } else if (toWait === "none") {
    // One a minute finds out when the window has room again.
    expect(rate.length).toBeLessThanOrEqual(deaths + 1 + report.elapsedMs / 60_000);
  } else {
    // A wait that was rounded down is up to a second too short: 0.25, 0.5 and 1 s make up for it.
    const times = toWait === "down" ? 3 : 1;
    expect(rate.length).toBeLessThanOrEqual(deaths + times * report.calls);
  }
}

/** While there is work, a call is made within a window and the longest wait. */
function expectNoneLate(scenario: Scenario, { server: { ownMs } }: SimulationReport): void {
  const { headers, toWait } = scenario.style;
  // A wait is in whole seconds, and a minute where the server names none.
  const heldMs = headers === "pair" && toWait === "none" ? 60_000 : 1_000;
  const gapsMs = ownMs.slice(1).map((atMs, index) => atMs - (ownMs[index] ?? atMs));
  expect(Math.max(0, ...gapsMs)).toBeLessThan(scenario.limits.windowMs + heldMs + 1_000);
}

/** Where limits are known and no call is left to others, all takes no longer than its windows and its answers. */
function expectBudgetUsed(scenario: Scenario, { elapsedMs, calls }: SimulationReport): void {
  const { policy, style, latencyMs, wayMs } = scenario;
  if (style.headers === "pair" || policy.callsReserved > 0) return;
  const { limit, windowMs, concurrency } = scenario.limits;
  const callMs = latencyMs[1] + 2 * wayMs[1] + 50;
  // A burst begins with a window's calls, what is spread ends with them.
  const windows = Math.ceil(calls / limit) - (policy.pacing === "burst" ? 1 : 0);
  const answersMs = callMs * (1 + Math.ceil(calls / concurrency));
  expect(elapsedMs).toBeLessThanOrEqual(windows * (windowMs + callMs) + answersMs);
}

describe("whatever the latencies, ways, senders, headers and policies", () => {
  it(
    "no call is refused, none is late, the whole budget is used, and all is delivered",
    TIMEOUT,
    () => {
      fc.assert(
        fc.property(calm, (scenario) => {
          const report = simulate(scenario);
          expectAllDelivered(scenario, report);
          expectWithinLimit(scenario, report);
          expectFewRefused(scenario, report);
          expectNoneLate(scenario, report);
          expectBudgetUsed(scenario, report);
        }),
        RUNS,
      );
    },
  );

  it("no call is refused while live assets come, and all is delivered", TIMEOUT, () => {
    fc.assert(
      fc.property(live, (scenario) => {
        const report = simulate(scenario);
        expectAllDelivered(scenario, report);
        expectWithinLimit(scenario, report);
        expectFewRefused(scenario, report);
      }),
      RUNS,
    );
  });
});

describe("whichever senders die", () => {
  it("no call is refused for it, and all is delivered", TIMEOUT, () => {
    fc.assert(
      fc.property(deadly, (scenario) => {
        const report = simulate(scenario);
        expect(report.assets).toBe(scenario.backfill);
        expectWithinLimit(scenario, report);
        expectFewRefused(scenario, report, 2 * scenario.changes.length);
      }),
      RUNS,
    );
  });
});

describe("however the limits change", () => {
  it("a few calls are refused at most, and all is delivered", TIMEOUT, () => {
    fc.assert(
      fc.property(changing, (scenario) => {
        const report = simulate(scenario);
        expectAllDelivered(scenario, report);
        const { rate, concurrency } = report.server.refusedMs;
        expect(rate.length).toBeLessThanOrEqual(10);
        expect(concurrency.length).toBeLessThanOrEqual(10);
      }),
      RUNS,
    );
  });
});

describe("however many calls others make", () => {
  it(
    "a few calls are refused a window, those in flight among them, and all is delivered",
    TIMEOUT,
    () => {
      fc.assert(
        fc.property(shared, (scenario) => {
          const report = simulate(scenario);
          expectAllDelivered(scenario, report);
          const { rate } = report.server.refusedMs;
          const { concurrency, windowMs } = scenario.limits;
          expect(mostWithin(rate, windowMs)).toBeLessThanOrEqual(concurrency + 2);
        }),
        RUNS,
      );
    },
  );
});

describe("a simulation", () => {
  it("is the same for the same seed", () => {
    const scenario = scenarioOf({ livePerHour: 3_600, untilMs: 60_000, foreignPerWindow: 20 });
    expect(simulate(scenario)).toEqual(simulate(scenario));
    expect(simulate({ ...scenario, seed: 2 }).elapsedMs).not.toBe(simulate(scenario).elapsedMs);
  });

  it("tells how long each live asset took, the quickest first", () => {
    const { liveMs, assets } = simulate(
      scenarioOf({ backfill: 0, livePerHour: 3_600, untilMs: 60_000, lingerMs: 0 }),
    );
    expect(liveMs).toHaveLength(assets);
    expect(liveMs[0]).toBeGreaterThanOrEqual(50);
    expect(liveMs).toEqual(liveMs.toSorted((a, b) => a - b));
  });

  it("sends a batch again whose sender died during its call", () => {
    const changes = [{ atMs: 100, killSender: 0 }];
    const { assets, calls } = simulate(
      scenarioOf({ backfill: 200, latencyMs: [500, 500], changes }),
    );
    expect([assets, calls]).toEqual([200, 3]);
  });

  it("ends with an error where nothing can ever be delivered", () => {
    const scenario = scenarioOf({ senders: 1, changes: [{ atMs: 0, killSender: 0 }] });
    expect(() => simulate(scenario)).toThrow("Cannot end the simulation: 10000 assets");
  });
});
