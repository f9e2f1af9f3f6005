import { describe, expect, it } from "vitest";
import { Duty, type DueWork } from "./duty.ts";
import { watchDuties } from "./watch-duties.ts";

const due: DueWork = { chunks: 1, connectors: 0, batches: 0 };
const PROBLEM = "nothing was done for 0.004 s although it is due to take a chunk";

/** Watches one duty; `at` is told the number of each look, and "stop" is the end. */
async function watch(at: (look: number, duty: Duty) => DueWork | null | "stop") {
  const duty = new Duty("take a chunk", ({ chunks }) => chunks > 0);
  const stopping = new AbortController();
  const told: [look: number, problem: string | null][] = [];
  let looks = 0;
  async function look(): Promise<DueWork | null> {
    looks += 1;
    const work = at(looks, duty);
    if (work !== "stop") return work;
    stopping.abort();
    return null;
  }
  const isStuck = await watchDuties({
    watched: () => [{ duties: [duty], look }],
    timeoutMs: 4,
    tell: (problem) => void told.push([looks, problem]),
    signal: stopping.signal,
  });
  return { isStuck, told, looks };
}

describe("watchDuties", () => {
  it("tells of a neglected duty after four looks, and ends at the next", async () => {
    expect(await watch(() => due)).toEqual({ isStuck: true, told: [[4, PROBLEM]], looks: 5 });
  });

  it("goes on when the duty is done in the last moment, and tells that too", async () => {
    const seen = await watch((look, duty) => {
      if (look === 5) duty.done();
      return look === 6 ? "stop" : due;
    });
    const told = [
      [4, PROBLEM],
      [5, null],
    ];
    expect(seen).toEqual({ isStuck: false, told, looks: 6 });
  });

  it("tells nothing while work is done, none is due, or Redis is gone", async () => {
    const seen = await watch((look, duty) => {
      if (look === 20) return "stop";
      if (look % 3 === 0) duty.done();
      return look % 7 === 0 ? null : { ...due, chunks: look % 2 };
    });
    expect(seen).toEqual({ isStuck: false, told: [], looks: 20 });
  });

  it("goes, in each place, by what there is to do in that place", async () => {
    const [idle, busy] = [1, 2].map(
      (number) => new Duty(`take chunk ${number}`, ({ chunks }) => chunks > 0),
    );
    if (!idle || !busy) throw new Error("no duties");
    const told: (string | null)[] = [];
    const isStuck = await watchDuties({
      watched: () => [
        { duties: [idle], look: async () => ({ ...due, chunks: 0 }) },
        { duties: [busy], look: async () => due },
      ],
      timeoutMs: 4,
      tell: (problem) => void told.push(problem),
      signal: new AbortController().signal,
    });
    expect(isStuck).toBe(true);
    expect(told).toEqual([expect.stringContaining("take chunk 2")]);
  });
});
