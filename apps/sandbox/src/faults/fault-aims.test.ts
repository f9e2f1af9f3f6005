import { describe, expect, it } from "vitest";
import { parseFaultPlan, type Fault } from "./fault.ts";
import { FaultScript } from "./fault-script.ts";

const cut: Fault = { kind: "cut", processed: false };
const call = (changes: object = {}) => ({ keys: [], bytes: 100, assets: 1, atMs: 0, ...changes });

function scriptOf(faults: readonly Fault[], seed = 1): FaultScript {
  return new FaultScript({ seed, faults });
}

/** Which of `count` calls take a fault, as numbers from 1. */
function taken(script: FaultScript, count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1).filter(
    () => script.take(call()) !== undefined,
  );
}

describe("the aim of a fault", () => {
  it("may be the nth call", () => {
    expect(taken(scriptOf([{ ...cut, call: 3 }]), 10)).toEqual([3]);
  });

  it("may be a share of the calls, the same ones for the same seed", () => {
    const numbers = (seed: number) => taken(scriptOf([{ ...cut, rate: 0.2 }], seed), 1_000);
    expect(numbers(7)).toEqual(numbers(7));
    expect(numbers(7)).not.toEqual(numbers(8));
    expect(numbers(7).length).toBeGreaterThan(150);
    expect(numbers(7).length).toBeLessThan(250);
  });

  it("may be a time since the script was set", () => {
    const script = scriptOf([]);
    script.replace({ seed: 1, faults: [{ ...cut, fromMs: 10, untilMs: 20 }] }, 1_000);
    const at = (atMs: number) => script.take(call({ atMs }))?.kind;
    expect([1_009, 1_010, 1_019, 1_020].map(at)).toEqual([undefined, "cut", "cut", undefined]);
  });

  it("may be a size, in bytes or in assets", () => {
    const script = scriptOf([
      { kind: "answer", status: 413, aboveBytes: 1_000 },
      { ...cut, aboveAssets: 50 },
    ]);
    const of = (changes: object) => script.take(call(changes))?.kind;
    expect(of({ bytes: 1_000, assets: 50 })).toBeUndefined();
    expect([of({ bytes: 1_001 }), of({ bytes: 5_000 }), of({ assets: 51 })]).toEqual([
      "answer",
      "answer",
      "cut",
    ]);
  });

  it("may be limited in number whatever else it is", () => {
    expect(taken(scriptOf([{ ...cut, rate: 1, times: 2 }]), 5)).toEqual([1, 2]);
  });

  it("is shown with how often it was met", () => {
    const script = scriptOf(
      [
        { ...cut, times: 3 },
        { ...cut, rate: 0 },
      ],
      9,
    );
    taken(script, 2);
    expect([script.seed, script.calls]).toEqual([9, 2]);
    expect(script.faults).toEqual([
      { fault: { ...cut, times: 3 }, taken: 2, left: 1 },
      { fault: { ...cut, rate: 0 }, taken: 0, left: "always" },
    ]);
  });
});

describe("a fault script as JSON", () => {
  it("is a list of faults, or one with a seed", () => {
    expect(parseFaultPlan('[{"kind": "html", "call": 2}]')).toEqual({
      seed: 1,
      faults: [{ kind: "html", call: 2 }],
    });
    expect(parseFaultPlan('{"seed": 7, "faults": []}')).toEqual({ seed: 7, faults: [] });
  });

  it.for([
    ["{", "JSON"],
    ['[{"kind": "explode"}]', "faults[0].kind: "],
    ['[{"kind": "cut"}]', "faults[0].processed: "],
    ['[{"kind": "html", "rate": 2}]', "faults[0].rate: "],
    ['[{"kind": "refuse-assets", "shape": "round"}]', "faults[0].shape: "],
    ['{"faults": [], "sead": 1}', "sead"],
  ] as const)("is refused with its mistake: %s", ([text, message]) => {
    expect(() => parseFaultPlan(text)).toThrow(message);
  });
});
