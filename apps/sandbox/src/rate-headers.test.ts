import { describe, expect, it } from "vitest";
import { rateHeaders, type RateHeaderStyle } from "./rate-headers.ts";

const style: RateHeaderStyle = {
  headerSpelling: "X-Concurrency-Limit",
  headers: "all",
  remainingCountsCall: true,
  toWait: "up",
  retryAfter: false,
};
const limits = { limit: 300, windowMs: 3_600_000, concurrency: 2 };
const state = { remaining: 0, toWaitMs: 1001, running: 1, inWindow: 300 };

describe("rate headers", () => {
  it("are the documented six, with seconds rounded up", () => {
    expect(rateHeaders(style, limits, state, true)).toEqual({
      "X-RateLimit-Limit": "300",
      "X-RateLimit-Window-Sec": "3600",
      "X-RateLimit-Remaining": "0",
      "X-RateLimit-ToWait-Sec": "2",
      "X-Concurrency-Limit-Limit": "2",
      "X-Concurrency-Limit-Running": "1",
    });
  });

  it("round the wait down, or leave it out, if asked", () => {
    const toWait = (toWait: RateHeaderStyle["toWait"]) =>
      rateHeaders({ ...style, toWait }, limits, state, true)["X-RateLimit-ToWait-Sec"];
    expect([toWait("up"), toWait("down"), toWait("missing")]).toEqual(["2", "1", undefined]);
  });

  it("tell a refused call its wait as Retry-After, too, if asked", () => {
    const retryAfter = (headers: RateHeaderStyle["headers"], counted: boolean) =>
      rateHeaders({ ...style, headers, retryAfter: true }, limits, state, counted)["Retry-After"];
    expect([retryAfter("all", false), retryAfter("none", false)]).toEqual(["2", "2"]);
    expect(retryAfter("all", true)).toBeUndefined();
  });

  it("are spelled in the other documented way if asked", () => {
    const headers = rateHeaders(
      { ...style, headerSpelling: "X-ConcurrencyLimit" },
      limits,
      state,
      true,
    );
    expect(headers).toHaveProperty("X-ConcurrencyLimit-Running", "1");
    expect(headers).not.toHaveProperty("X-Concurrency-Limit-Running");
  });

  it("are only the pair, or none, if asked", () => {
    expect(Object.keys(rateHeaders({ ...style, headers: "pair" }, limits, state, true))).toEqual([
      "X-RateLimit-Remaining",
      "X-RateLimit-ToWait-Sec",
    ]);
    expect(rateHeaders({ ...style, headers: "none" }, limits, state, true)).toEqual({});
  });

  it("leave the call that is answered out of Remaining if asked, unless it was refused", () => {
    const lenient = { ...style, remainingCountsCall: false };
    const remaining = (counted: boolean) =>
      rateHeaders(lenient, limits, state, counted)["X-RateLimit-Remaining"];
    expect(remaining(true)).toBe("1");
    expect(remaining(false)).toBe("0");
  });
});
