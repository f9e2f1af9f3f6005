import { emptyReading, type Reading } from "@sluice/governor";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callsMax, readHeaders, toWaitMsMax, windowMsMax } from "./headers.ts";

const nowMs = Date.UTC(2026, 9, 21, 7, 0, 0);

function read(headers: Record<string, string>): Reading {
  return readHeaders(headers, nowMs);
}

describe("readHeaders", () => {
  it("reads Qualys's six headers", () => {
    expect(
      read({
        "x-ratelimit-limit": "300",
        "x-ratelimit-window-sec": "3600",
        "x-ratelimit-remaining": "299",
        "x-ratelimit-towait-sec": "0",
        "x-concurrency-limit-limit": "2",
        "x-concurrency-limit-running": "1",
      }),
    ).toEqual({
      limit: 300,
      windowMs: 3_600_000,
      remaining: 299,
      toWaitMs: 0,
      concurrencyLimit: 2,
      concurrencyRunning: 1,
    });
  });

  it("reads both spellings, in any case", () => {
    expect(
      read({
        "X-ConcurrencyLimit-Limit": "2",
        "X-ConcurrencyLimit-Running": "1",
        "X-Rate-Limit-Remaining": "7",
        "X-RateLimit-To-Wait-Sec": "3",
      }),
    ).toEqual({
      ...emptyReading,
      concurrencyLimit: 2,
      concurrencyRunning: 1,
      remaining: 7,
      toWaitMs: 3000,
    });
  });

  it("reads nothing from an answer without them", () => {
    expect(read({ "content-type": "application/json" })).toEqual(emptyReading);
  });

  it.each([
    ["x-ratelimit-limit", "299.9", { limit: 299 }],
    ["x-ratelimit-limit", "0", { limit: null }],
    ["x-ratelimit-limit", "-5", { limit: null }],
    ["x-ratelimit-limit", "99999999999999999999", { limit: callsMax }],
    ["x-ratelimit-remaining", "0.9", { remaining: 0 }],
    ["x-ratelimit-remaining", "-1", { remaining: 0 }],
    ["x-ratelimit-remaining", "-0", { remaining: 0 }],
    ["x-ratelimit-remaining", " 12 ", { remaining: 12 }],
    ["x-ratelimit-remaining", "", { remaining: null }],
    ["x-ratelimit-remaining", "many", { remaining: null }],
    ["x-ratelimit-remaining", "0x10", { remaining: null }],
    ["x-ratelimit-remaining", "1e3", { remaining: null }],
    ["x-ratelimit-remaining", "NaN", { remaining: null }],
    ["x-ratelimit-remaining", "3, 4", { remaining: null }],
    ["x-ratelimit-window-sec", "0", { windowMs: null }],
    ["x-ratelimit-window-sec", "0.0001", { windowMs: 1 }],
    ["x-ratelimit-window-sec", "999999999", { windowMs: windowMsMax }],
    ["x-ratelimit-window-sec", "86400", { windowMs: 86_400_000 }],
    ["x-ratelimit-towait-sec", "30", { toWaitMs: 30_000 }],
    ["x-ratelimit-towait-sec", "0.25", { toWaitMs: 250 }],
    ["x-ratelimit-towait-sec", "1.0001", { toWaitMs: 1001 }],
    ["x-ratelimit-towait-sec", "-30", { toWaitMs: 0 }],
    ["x-ratelimit-towait-sec", "315360000", { toWaitMs: toWaitMsMax }],
    ["x-ratelimit-towait-sec", "Wed, 21 Oct 2026 07:00:30 GMT", { toWaitMs: 30_000 }],
    ["x-ratelimit-towait-sec", "2026-10-21T07:00:30Z", { toWaitMs: 30_000 }],
    ["x-ratelimit-towait-sec", "Wed, 21 Oct 2020 07:00:30 GMT", { toWaitMs: 0 }],
    ["x-ratelimit-towait-sec", "Wed, 21 Oct 2036 07:00:30 GMT", { toWaitMs: toWaitMsMax }],
    ["x-ratelimit-towait-sec", "garbage", { toWaitMs: null }],
    ["x-ratelimit-towait-sec", "Wed, 99 Foo 2026 GMT", { toWaitMs: null }],
    ["x-ratelimit-towait-sec", "soon 5", { toWaitMs: null }],
    ["retry-after", "17", { toWaitMs: 17_000 }],
    ["retry-after", "Wed, 21 Oct 2026 07:01:00 GMT", { toWaitMs: 60_000 }],
  ])("reads %s: %s as %o", (name, value, part) => {
    expect(read({ [name]: value })).toEqual({ ...emptyReading, ...part });
  });

  it("believes X-RateLimit-ToWait-Sec before Retry-After, unless it is garbage", () => {
    expect(read({ "x-ratelimit-towait-sec": "5", "retry-after": "9" }).toWaitMs).toBe(5000);
    expect(read({ "x-ratelimit-towait-sec": "?", "retry-after": "9" }).toWaitMs).toBe(9000);
  });

  it("measures a date against the server's own clock", () => {
    const headers = {
      date: "Wed, 21 Oct 2026 09:00:00 GMT",
      "retry-after": "Wed, 21 Oct 2026 09:00:05 GMT",
    };
    expect(read(headers).toWaitMs).toBe(5000);
  });

  it("stays in bounds whatever the headers say", () => {
    const names = [
      "x-ratelimit-limit",
      "x-ratelimit-window-sec",
      "x-ratelimit-remaining",
      "x-ratelimit-towait-sec",
      "x-concurrencylimit-limit",
      "x-concurrency-limit-running",
      "retry-after",
      "date",
    ];
    const numeric = fc.oneof(fc.double(), fc.bigInt(), fc.integer()).map(String);
    const dates = fc
      .date({ noInvalidDate: false })
      .map((date) => (Number.isNaN(date.getTime()) ? "Invalid Date" : date.toUTCString()));
    const value = fc.oneof(fc.string(), numeric, dates);
    const headers = fc.dictionary(fc.constantFrom(...names), value);
    fc.assert(
      fc.property(headers, fc.integer({ min: 0, max: 2 ** 45 }), (headers, nowMs) => {
        const reading = readHeaders(headers, nowMs);
        expectWhole(reading.limit, 1, callsMax);
        expectWhole(reading.windowMs, 1, windowMsMax);
        expectWhole(reading.remaining, 0, callsMax);
        expectWhole(reading.toWaitMs, 0, toWaitMsMax);
        expectWhole(reading.concurrencyLimit, 1, callsMax);
        expectWhole(reading.concurrencyRunning, 0, callsMax);
      }),
      { seed: 20261121, numRuns: 2000 },
    );
  });
});

function expectWhole(value: number | null, least: number, most: number): void {
  if (value !== null) {
    expect(Number.isSafeInteger(value) && !Object.is(value, -0)).toBe(true);
    expect(value >= least && value <= most).toBe(true);
  }
}
