import { describe, expect, it } from "vitest";
import { measureBacklog } from "../bench/backlog/measure.ts";

const ASSETS = 8_000;
const MARK = 1_000_000;

describe("a backlog while Qualys can't be reached", () => {
  it("stops at the mark, in little memory, and is delivered to the last asset when it can", async () => {
    const sample = { assets: ASSETS, seed: 3, profile: "high-entropy" } as const;
    const figures = await measureBacklog({ ...sample, queueBytesMax: MARK });
    expect(figures).toMatchObject({ hasWaited: true, arrived: ASSETS, pending: 0 });
    expect(figures.run).toMatchObject({ read: ASSETS, delivered: ASSETS, pending: 0, dead: 0 });
    expect(figures.waitingPeakMb).toBeGreaterThan((MARK / 1e6) * 0.5);
    // The next few chunks are settled, and larger then: their assets come beside their records.
    expect(figures.waitingPeakMb).toBeLessThan((MARK / 1e6) * 1.5);
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
