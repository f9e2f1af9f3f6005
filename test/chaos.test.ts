import { describe, expect, it } from "vitest";
import { runChaos } from "./chaos/chaos.ts";

/** Chosen for what it does: most kinds of steps, four roles and Redis killed, a long pause. */
const SEED = 166;
const MINUTES = 0.5;
const REST_MS_MAX = 400_000;

describe("a minute of chaos", () => {
  it(
    "loses nothing, repeats nothing older, calls no more than it may and tells no secret",
    async () => {
      const decisions: string[] = [];
      const report = await runChaos({
        seed: SEED,
        minutes: MINUTES,
        restMsMax: REST_MS_MAX,
        tell: (line) => void decisions.push(line),
      });
      const again = `npm run chaos -- --seed ${SEED} --minutes ${MINUTES}`;
      const story = `${decisions.join("\n")}\nagain: ${again}; evidence: ${report.evidence}`;
      expect(report.problems, story).toEqual([]);
      expect(report.kills).toBeGreaterThan(5);
      expect(report.calls).toBeGreaterThan(20);
    },
    REST_MS_MAX + 100_000,
  );
});
