import { describe, expect, it } from "vitest";
import { forecast } from "./forecast.ts";

const hourly = { assetsPerCall: 100, remaining: 300, limit: 300, windowMs: 3_600_000, heldMs: 0 };

describe("forecast", () => {
  it("needs no time for what the calls left can take", () => {
    expect(forecast({ ...hourly, pending: 30_000 })).toEqual({ calls: 300, delayMs: 0 });
  });

  it("needs a window for each further limit of calls", () => {
    expect(forecast({ ...hourly, pending: 1_000_000 })).toEqual({
      calls: 10_000,
      delayMs: 33 * 3_600_000,
    });
    expect(forecast({ ...hourly, remaining: 0, pending: 1 })).toEqual({
      calls: 1,
      delayMs: 3_600_000,
    });
  });

  it("begins when the hold ends, with a whole window", () => {
    expect(forecast({ ...hourly, remaining: 0, heldMs: 60_000, pending: 30_000 }).delayMs).toBe(
      60_000,
    );
  });

  it("says how many calls, and not how long, when nothing is known of the budget", () => {
    expect(forecast({ ...hourly, limit: null, pending: 250 })).toEqual({ calls: 3, delayMs: null });
  });

  it("needs nothing for nothing", () => {
    expect(forecast({ ...hourly, limit: null, heldMs: 5, pending: 0 })).toEqual({
      calls: 0,
      delayMs: 0,
    });
    expect(forecast({ ...hourly, heldMs: 5, pending: 0 })).toEqual({ calls: 0, delayMs: 0 });
  });

  it("takes the limit where no reading has said what is left", () => {
    expect(forecast({ ...hourly, remaining: null, pending: 30_000 }).delayMs).toBe(0);
  });
});
