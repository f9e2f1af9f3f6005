import { describe, expect, it } from "vitest";
import { shareOpensAt, spareAssets } from "./bisection.ts";
import { NOW_MS, policyOf, stateOf, TestGovernor } from "./test-governor.ts";

const MUCH = 1_000_000;

/** A governor whose server allows 40 calls a minute, so that four are a connector's share. */
function governor(): TestGovernor {
  return new TestGovernor({}, stateOf({ limit: 40 }));
}

/** Makes so many calls for suspects while much else waits. */
function bisect(one: TestGovernor, calls: number, connector = "connector"): void {
  for (let call = 0; call < calls; call += 1) {
    one.call({}, { isSuspect: true, otherAssets: MUCH, waitingAssets: MUCH, connector });
  }
}

const suspect = { isSuspect: true, otherAssets: MUCH, waitingAssets: MUCH };

describe("suspects", () => {
  it("may use their connector's share of the window's calls while others wait", () => {
    const one = governor();
    bisect(one, 4);
    expect(one.ask(suspect)).toEqual({
      kind: "wait",
      scope: "suspects",
      delayMs: 60_000,
      reason: "quarantine",
    });
    expect(one.ask({ otherAssets: MUCH }).kind).toBe("go");
  });

  it("have a share of their own in each connector", () => {
    const one = governor();
    bisect(one, 4);
    expect(one.ask({ ...suspect, connector: "another" }).kind).toBe("go");
  });

  it("get the next share a window after the first call of the last", () => {
    const one = governor();
    bisect(one, 1);
    one.pass(30_000);
    bisect(one, 3);
    one.pass(29_999);
    expect(one.ask(suspect)).toMatchObject({ scope: "suspects", delayMs: 1 });
    one.pass(1);
    expect(one.ask(suspect).kind).toBe("go");
    expect(Object.keys(one.state.bisection)).toEqual(["connector"]);
    expect(one.state.bisection["connector"]?.count).toBe(1);
  });

  it("may use any call that nothing else needs", () => {
    const one = governor();
    bisect(one, 4);
    const spare = spareAssets(one.state, one.nowMs);
    expect(spare).toBe(3_500);
    expect(one.ask({ ...suspect, otherAssets: spare + 1 }).kind).toBe("wait");
    expect(one.ask({ ...suspect, otherAssets: spare }).kind).toBe("go");
  });

  it("may make one call at least, whatever the share", () => {
    const one = new TestGovernor({ callsBisection: 0 }, stateOf({ limit: 5 }));
    bisect(one, 1);
    expect(one.ask(suspect)).toMatchObject({ kind: "wait", scope: "suspects" });
  });

  it("of connectors whose window has passed are forgotten", () => {
    const one = governor();
    bisect(one, 1, "before");
    one.pass(60_000);
    bisect(one, 1);
    expect(Object.keys(one.state.bisection)).toEqual(["connector"]);
  });
});

describe("the next share", () => {
  it("is open where none was used", () => {
    expect(shareOpensAt(stateOf(), "connector", NOW_MS)).toBe(0);
  });
});

describe("the spare assets", () => {
  it("are as many as leave one call free", () => {
    const state = stateOf({ limit: 3, assetsPerCall: 2.5, policy: policyOf() });
    expect(spareAssets(state, NOW_MS)).toBe(5);
    expect(spareAssets(stateOf({ limit: 1 }), NOW_MS)).toBe(0);
  });
});
