import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallLedger } from "./call-ledger.ts";

const fill = { inWindow: 1, limit: 300 };

describe("a call ledger", () => {
  it("keeps what is told of a call, and ends it once", () => {
    const ledger = new CallLedger();
    const call = ledger.open(5, "admitted", fill, "a client");
    ledger.measure(call, 70);
    ledger.blame(call, "slow");
    ledger.explain(call, "too slow");
    ledger.describe(call, { requestId: "r", keys: ["a", "b"] });
    expect(ledger.close(call, 9, 200)).toBe(true);
    expect(ledger.close(call, 11, null)).toBe(false);
    expect(ledger.calls).toEqual([
      {
        number: 1,
        atMs: 5,
        endedAtMs: 9,
        admission: "admitted",
        status: 200,
        userAgent: "a client",
        bytes: 70,
        inWindow: 1,
        limit: 300,
        message: "too slow",
        fault: "slow",
        requestId: "r",
        assetCount: 2,
        keys: ["a", "b"],
      },
    ]);
  });

  it("drops its oldest tenth when it is full", () => {
    const ledger = new CallLedger(20);
    for (let atMs = 0; atMs < 21; atMs += 1) ledger.open(atMs, "admitted", fill);
    expect(ledger.calls.map((call) => call.atMs)).toEqual(
      Array.from({ length: 19 }, (_, index) => index + 2),
    );
  });

  it("drops the keys of its oldest calls when it has too many, and keeps the calls", () => {
    const ledger = new CallLedger(20, 3);
    for (const keys of [["a"], ["b", "c"], ["d"]]) {
      ledger.describe(ledger.open(0, "admitted", fill), { requestId: null, keys });
    }
    expect(ledger.calls.map((call) => call.keys)).toEqual([null, ["b", "c"], ["d"]]);
    expect(ledger.calls.map((call) => call.assetCount)).toEqual([1, 2, 1]);
  });

  it("counts calls that a limit refused towards the worst window, and calls without a token not", () => {
    const ledger = new CallLedger();
    ledger.open(0, "admitted", fill);
    ledger.open(1, "rate", fill);
    ledger.open(2, "concurrency", fill);
    ledger.open(3, "unauthorized", fill);
    expect(ledger.worstWindow(10)).toBe(3);
  });

  it("does not count two calls that are a whole window apart together", () => {
    const ledger = new CallLedger();
    ledger.open(0, "admitted", fill);
    ledger.open(10, "admitted", fill);
    expect(ledger.worstWindow(10)).toBe(1);
    expect(ledger.worstWindow(11)).toBe(2);
  });

  it("finds the same worst window as a recount that starts one at each call", () => {
    const gaps = fc.array(fc.nat(30), { maxLength: 40 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 100 }), (gapsMs, windowMs) => {
        const ledger = new CallLedger();
        let atMs = 0;
        const arrivalsMs = gapsMs.map((gapMs) => (atMs += gapMs));
        for (const arrivalMs of arrivalsMs) ledger.open(arrivalMs, "admitted", fill);
        const fills = arrivalsMs.map(
          (start) =>
            arrivalsMs.filter((other) => other >= start && other < start + windowMs).length,
        );
        expect(ledger.worstWindow(windowMs)).toBe(Math.max(0, ...fills));
      }),
      { seed: 20_260_802 },
    );
  });
});
