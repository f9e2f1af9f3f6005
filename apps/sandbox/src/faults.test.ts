import { describe, expect, it } from "vitest";
import { FaultScript, type Fault } from "./faults.ts";

const hang: Fault = { kind: "hang" };
const cut: Fault = { kind: "cut", processed: true };

function scriptOf(...faults: Fault[]): FaultScript {
  const script = new FaultScript();
  script.replace(faults);
  return script;
}

describe("a fault script", () => {
  it("gives each call one fault, in order, and then none", () => {
    const script = scriptOf(hang, cut);
    expect([script.take([]), script.take([]), script.take([])]).toEqual([hang, cut, undefined]);
  });

  it("repeats a fault as often as it says, or always", () => {
    const twice = { ...hang, times: 2 };
    const script = scriptOf(twice, { ...cut, times: "always" });
    const kinds = Array.from({ length: 5 }, () => script.take([])?.kind);
    expect(kinds).toEqual(["hang", "hang", "cut", "cut", "cut"]);
  });

  it("keeps a fault for the calls that carry its keys", () => {
    const aimed: Fault = { ...hang, keys: ["a"] };
    const script = scriptOf(aimed, { ...cut, keys: (key) => key.startsWith("b") });
    expect(script.take(["c"])).toBeUndefined();
    expect(script.take(["c", "b1"])?.kind).toBe("cut");
    expect(script.take(["a", "b1"])?.kind).toBe("hang");
    expect(script.take(["a", "b1"])).toBeUndefined();
  });

  it("forgets what was left when it is replaced", () => {
    const script = scriptOf(hang);
    script.replace([]);
    expect(script.take([])).toBeUndefined();
  });
});
