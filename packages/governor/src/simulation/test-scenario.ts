import { policyOf } from "../test-governor.ts";
import { defaultStyle } from "./model-server.ts";
import type { Scenario } from "./simulate.ts";

/** A calm world with a backlog of a hundred full batches, but for what is given. */
export function scenarioOf(facts: Partial<Scenario> = {}): Scenario {
  return {
    seed: 1,
    policy: policyOf(),
    limits: { limit: 60, windowMs: 10_000, concurrency: 2 },
    style: defaultStyle,
    latencyMs: [50, 55],
    wayMs: [1, 3],
    senders: 2,
    backfill: 10_000,
    livePerHour: 0,
    assetsPerCall: 100,
    lingerMs: 2_000,
    foreignPerWindow: 0,
    changes: [],
    untilMs: 0,
    ...facts,
  };
}
