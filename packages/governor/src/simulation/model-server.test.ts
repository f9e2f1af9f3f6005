import { describe, expect, it } from "vitest";
import { emptyReading, type Reading } from "../reading.ts";
import { defaultStyle, ModelServer, type HeaderStyle } from "./model-server.ts";

const LIMITS = { limit: 2, windowMs: 10_000, concurrency: 2 };

function serverOf(style: Partial<HeaderStyle> = {}): ModelServer {
  return new ModelServer(LIMITS, { ...defaultStyle, ...style });
}

/** The readings of a call now, and of those that follow 1.5 s after each other. */
function readings(style: Partial<HeaderStyle>, count: number): Reading[] {
  const server = serverOf(style);
  return Array.from({ length: count }, (_, index) => {
    const { reading, outcome } = server.arrive(1_500 * index, true);
    if (outcome === "accepted") server.leave();
    return reading;
  });
}

describe("the modelled server", () => {
  it("takes the limit's calls in any rolling window, and refused ones take no place", () => {
    const server = serverOf();
    const outcomes = [0, 9_000, 9_999, 10_000, 10_001, 19_000].map((atMs) => {
      const { outcome, cause } = server.arrive(atMs, true);
      if (outcome === "accepted") server.leave();
      return `${outcome} ${cause}`;
    });
    const [accepted, limited] = ["accepted rate", "limited rate"];
    expect(outcomes).toEqual([accepted, accepted, limited, accepted, limited, accepted]);
    expect(server.ownMs).toEqual([0, 9_000, 10_000, 19_000]);
    expect(server.refusedMs).toEqual({ rate: [9_999, 10_001], concurrency: [] });
  });

  it("takes so many calls at once, of whomever they are", () => {
    const server = new ModelServer({ ...LIMITS, limit: 9 }, defaultStyle);
    server.arrive(0, true);
    server.arrive(0, false);
    expect(server.arrive(0, true)).toMatchObject({ outcome: "limited", cause: "concurrency" });
    expect(server.arrive(0, false).outcome).toBe("limited");
    server.leave();
    expect(server.arrive(0, true).outcome).toBe("accepted");
    expect([server.foreign, server.ownMs.length, server.running]).toEqual([1, 2, 2]);
    expect(server.refusedMs.concurrency).toEqual([0]);
  });

  it("tells all of its limits", () => {
    expect(readings({}, 3)).toEqual([
      {
        limit: 2,
        windowMs: 10_000,
        remaining: 1,
        toWaitMs: 0,
        concurrencyLimit: 2,
        concurrencyRunning: 1,
      },
      {
        limit: 2,
        windowMs: 10_000,
        remaining: 0,
        toWaitMs: 9_000,
        concurrencyLimit: 2,
        concurrencyRunning: 1,
      },
      {
        limit: 2,
        windowMs: 10_000,
        remaining: 0,
        toWaitMs: 7_000,
        concurrencyLimit: 2,
        concurrencyRunning: 0,
      },
    ]);
  });

  it("tells what remains and how long to wait, or nothing", () => {
    const pair = readings({ headers: "pair", toWait: "down" }, 2);
    expect(pair[1]).toEqual({ ...emptyReading, remaining: 0, toWaitMs: 8_000 });
    const brief = readings({ headers: "pair", toWait: "none", countsItself: false }, 3);
    expect(brief.map(({ remaining }) => remaining)).toEqual([2, 1, 0]);
    expect(brief[1]?.toWaitMs).toBeNull();
    expect(readings({ headers: "none" }, 1)).toEqual([emptyReading]);
  });
});
