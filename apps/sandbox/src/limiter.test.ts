import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Limiter, type Limits } from "./limiter.ts";

const open: Limits = { limit: 1000, windowMs: 1000, concurrency: 1000 };

describe("a limiter", () => {
  it("lets in as many calls as the limit, and then none until the oldest has left the window", () => {
    const limiter = new Limiter({ ...open, limit: 2, windowMs: 100 });
    expect([0, 10, 20, 99].map((nowMs) => limiter.admit(nowMs))).toEqual([
      "admitted",
      "admitted",
      "rate",
      "rate",
    ]);
    expect(limiter.admit(100)).toBe("admitted");
    expect(limiter.admit(109)).toBe("rate");
  });

  it("says how long until the next call fits", () => {
    const limiter = new Limiter({ ...open, limit: 2, windowMs: 100 });
    limiter.admit(0);
    expect(limiter.state(5)).toEqual({ remaining: 1, toWaitMs: 0, running: 1, inWindow: 1 });
    limiter.admit(10);
    expect(limiter.state(30)).toEqual({ remaining: 0, toWaitMs: 70, running: 2, inWindow: 2 });
  });

  it("checks concurrency before the window", () => {
    const limiter = new Limiter({ ...open, limit: 1, concurrency: 1 });
    limiter.admit(0);
    expect(limiter.admit(1)).toBe("concurrency");
    limiter.release();
    expect(limiter.admit(2)).toBe("rate");
  });

  it("waits for several calls to leave after its limit was lowered", () => {
    const limiter = new Limiter({ ...open, limit: 3, windowMs: 100 });
    for (const nowMs of [0, 10, 20]) limiter.admit(nowMs);
    limiter.configure({ ...open, limit: 1, windowMs: 100 });
    expect(limiter.state(30)).toMatchObject({ remaining: 0, toWaitMs: 90 });
    expect(limiter.admit(119)).toBe("rate");
    expect(limiter.admit(120)).toBe("admitted");
  });

  it("refuses to release what is not running", () => {
    expect(() => new Limiter(open).release()).toThrow("none is running");
  });

  it("decides as a recount of all calls would, whatever the order of calls and releases", () => {
    const step = fc.record({ afterMs: fc.nat(40), release: fc.boolean() });
    const limits = fc.record({
      limit: fc.integer({ min: 1, max: 5 }),
      windowMs: fc.integer({ min: 1, max: 120 }),
      concurrency: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 60 }), (limits, steps) => {
        const limiter = new Limiter(limits);
        const admittedMs: number[] = [];
        let [nowMs, running] = [0, 0];
        const inWindow = (atMs: number) =>
          admittedMs.filter((admitted) => admitted > atMs - limits.windowMs).length;
        for (const { afterMs, release } of steps) {
          nowMs += afterMs;
          if (release && running > 0) {
            limiter.release();
            running -= 1;
          }
          const { remaining, toWaitMs } = limiter.state(nowMs);
          expect(remaining).toBe(limits.limit - inWindow(nowMs));
          expect(inWindow(nowMs + toWaitMs)).toBeLessThan(limits.limit);
          if (toWaitMs > 0) expect(inWindow(nowMs + toWaitMs - 1)).toBe(limits.limit);

          const admission = limiter.admit(nowMs);
          if (running >= limits.concurrency) expect(admission).toBe("concurrency");
          else expect(admission).toBe(remaining > 0 ? "admitted" : "rate");
          if (admission === "admitted") {
            admittedMs.push(nowMs);
            running += 1;
          }
        }
      }),
      { seed: 20_260_801, numRuns: 300 },
    );
  });
});
