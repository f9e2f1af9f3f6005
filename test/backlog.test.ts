import { describe, expect, it } from "vitest";
import { measureBacklog } from "../bench/backlog/measure.ts";

const ASSETS = 5_000;
const MARK = 200_000;

describe("a backlog while Qualys can't be reached", () => {
  it("stops at the mark, in little memory, and is delivered to the last asset when it can", async () => {
    const sample = { assets: ASSETS, seed: 3, profile: "high-entropy" } as const;
    const figures = await measureBacklog({ ...sample, queueBytesMax: MARK });
    expect(figures).toMatchObject({ hasWaited: true, arrived: ASSETS, pending: 0 });
    expect(figures.run).toMatchObject({ read: ASSETS, delivered: ASSETS, pending: 0, dead: 0 });
    // A settled chunk is larger: its assets come beside its records.
    expect(figures.waitingPeakMb).toBeLessThan((MARK / 1e6) * 3);
    expect(figures.processes.map(({ process }) => process)).toEqual([
      "redis",
      "worker",
      "sender",
      "producer",
    ]);
    for (const { process, peakMb } of figures.processes) {
      expect(peakMb, process).toBeGreaterThan(0);
      expect(peakMb, process).toBeLessThan(250);
    }
  });
});
