import { expect, it } from "vitest";
import { distrust } from "./state.ts";
import { stateOf, TestGovernor } from "./test-governor.ts";

it("what only the server knows is forgotten when the store is another one, and the next call is a probe", () => {
  const known = stateOf({ remaining: 9, left: 9, foreign: 2, calls: [{ atMs: 1, count: 1 }] });
  const state = distrust(known);
  expect(state).toEqual({ ...known, remaining: null, left: null, foreign: 0, answeredAtMs: null });
  const governor = new TestGovernor({}, state);
  governor.go();
  expect(governor.ask()).toMatchObject({ reason: "probing" });
});
