import { describe, expect, it } from "vitest";
import type { Fault } from "./fault.ts";
import { FaultScript } from "./fault-script.ts";

const hang: Fault = { kind: "hang" };
const cut: Fault = { kind: "cut", processed: true };

function call(keys: readonly string[] = [], bytes = 100, atMs = 0) {
  return { keys, bytes, assets: keys.length, atMs };
}

function scriptOf(...faults: Fault[]): FaultScript {
  const script = new FaultScript();
  script.replace({ seed: 1, faults });
  return script;
}

describe("a fault script", () => {
  it("gives each call one fault, in order, and then none", () => {
    const script = scriptOf(hang, cut);
    expect([script.take(call([])), script.take(call([])), script.take(call([]))]).toEqual([
      hang,
      cut,
      undefined,
    ]);
  });

  it("repeats a fault as often as it says, or always", () => {
    const twice = { ...hang, times: 2 };
    const script = scriptOf(twice, { ...cut, times: "always" });
    const kinds = Array.from({ length: 5 }, () => script.take(call([]))?.kind);
    expect(kinds).toEqual(["hang", "hang", "cut", "cut", "cut"]);
  });

  it("keeps a fault for the calls that carry its keys", () => {
    const aimed: Fault = { ...hang, keys: ["a"] };
    const script = scriptOf(aimed, { ...cut, keys: (key) => key.startsWith("b") });
    expect(script.take(call(["c"]))).toBeUndefined();
    expect(script.take(call(["c", "b1"]))?.kind).toBe("cut");
    expect(script.take(call(["a", "b1"]))?.kind).toBe("hang");
    expect(script.take(call(["a", "b1"]))).toBeUndefined();
  });

  it("forgets what was left when it is replaced", () => {
    const script = scriptOf(hang);
    script.replace({ seed: 1, faults: [] });
    expect(script.take(call([]))).toBeUndefined();
  });
});
