import type { BehaviourChanges, LimitChanges } from "@sluice/sandbox";
import { Chance } from "../support/random.ts";
import { drawFaults, SHAPES, type JsonFault } from "./faults.ts";

/** The processes that are kept running. */
export const ROLE_NAMES = ["worker-1", "worker-2", "sender-1", "sender-2", "producer"] as const;
export type RoleName = (typeof ROLE_NAMES)[number];

/** The ways that are disturbed: of each role to Redis, of each sender to the gateway. */
export const LINK_NAMES = [...ROLE_NAMES, "gateway-1", "gateway-2"] as const;
export type LinkName = (typeof LINK_NAMES)[number];

/** One thing that is done to the house. What has `forMs` is undone after that. */
export type Step =
  | { kind: "kill"; role: RoleName }
  | { kind: "stop"; role: RoleName; forMs: number }
  | { kind: "kill-redis"; forMs: number }
  | { kind: "cut"; link: LinkName }
  | { kind: "lose"; link: LinkName; forMs: number }
  | { kind: "slow"; link: LinkName; delayMs: number; forMs: number }
  | { kind: "faults"; seed: number; faults: readonly JsonFault[]; forMs: number }
  | { kind: "limits"; changes: LimitChanges }
  | { kind: "behave"; changes: BehaviourChanges }
  | { kind: "disable-there"; forMs: number }
  | { kind: "disable-here"; forMs: number }
  | { kind: "pause"; forMs: number }
  | { kind: "operate"; args: readonly string[] }
  | { kind: "audit" };

export interface PlannedStep {
  /** Since the beginning. */
  atMs: number;
  step: Step;
}

const GAP_MS_MIN = 300;
const GAP_MS_SPAN = 1_200;

/** Everything that is done to the house, from nothing but the seed. */
export function planOf(seed: number, durationMs: number): PlannedStep[] {
  const chance = new Chance(seed);
  const plan: PlannedStep[] = [];
  for (let atMs = 2_000; atMs < durationMs; atMs += GAP_MS_MIN + chance.below(GAP_MS_SPAN)) {
    plan.push({ atMs, step: drawStep(chance) });
  }
  return plan;
}

/** How often each is drawn, and how. */
const KINDS: readonly [number, (chance: Chance) => Step][] = [
  [5, (chance) => ({ kind: "kill", role: chance.pick(ROLE_NAMES) })],
  [3, (chance) => ({ kind: "stop", role: chance.pick(ROLE_NAMES), forMs: span(chance, 7_000) })],
  [2, (chance) => ({ kind: "kill-redis", forMs: chance.below(2_500) })],
  [2, (chance) => ({ kind: "cut", link: chance.pick(LINK_NAMES) })],
  [2, (chance) => ({ kind: "lose", link: chance.pick(LINK_NAMES), forMs: span(chance, 6_000) })],
  [2, drawSlow],
  [9, drawFaultStep],
  [2, (chance) => ({ kind: "limits", changes: drawLimits(chance) })],
  [2, (chance) => ({ kind: "behave", changes: drawBehaviour(chance) })],
  [1, (chance) => ({ kind: "disable-there", forMs: span(chance, 3_000) })],
  [1, (chance) => ({ kind: "disable-here", forMs: drawSilenceMs(chance) })],
  [1, (chance) => ({ kind: "pause", forMs: drawSilenceMs(chance) })],
  [5, (chance) => ({ kind: "operate", args: drawCommand(chance) })],
  [1, () => ({ kind: "audit" })],
];

function drawStep(chance: Chance): Step {
  const bag = KINDS.flatMap(([weight, draw]) => Array.from({ length: weight }, () => draw));
  return chance.pick(bag)(chance);
}

function span(chance: Chance, longestMs: number): number {
  return 200 + chance.below(longestMs - 200);
}

/** Longer than a permit may be used, so that there is a time in which no call is right. */
function drawSilenceMs(chance: Chance): number {
  return 6_000 + chance.below(3_000);
}

function drawSlow(chance: Chance): Step {
  const link = chance.pick(LINK_NAMES);
  return { kind: "slow", link, delayMs: 5 + chance.below(120), forMs: span(chance, 5_000) };
}

function drawFaultStep(chance: Chance): Step {
  const faults = drawFaults(chance);
  return { kind: "faults", seed: chance.below(1_000_000), faults, forMs: span(chance, 5_000) };
}

function drawLimits(chance: Chance): LimitChanges {
  return {
    limit: 6 + chance.below(18),
    windowMs: 2_000 + chance.below(4_000),
    concurrency: 1 + chance.below(3),
  };
}

function drawBehaviour(chance: Chance): BehaviourChanges {
  return chance.pick<BehaviourChanges>([
    { tokenLifetimeMs: 500 + chance.below(3_000) },
    { tokenLifetimeMs: 14_400_000 },
    { toWait: chance.pick(["up", "down", "missing"]) },
    { headerSpelling: chance.pick(["X-Concurrency-Limit", "X-ConcurrencyLimit"]) },
    { remainingCountsCall: chance.isHit(0.5) },
    { retryAfter: chance.isHit(0.5) },
    { limitedStatus: chance.pick([429, 409]) },
    { tokenAnswer: chance.pick(["text", "json"]) },
    { latencyMs: chance.below(300) },
    { assetErrors: chance.pick(SHAPES) },
    { assetErrors: chance.pick(SHAPES) },
    { visibleAfterMs: chance.below(1_000) },
  ]);
}

function drawCommand(chance: Chance): readonly string[] {
  return chance.pick([
    ["resume"],
    ["resume"],
    ["resume"],
    ["dead", "replay", "--all"],
    ["dead", "replay", "--reason", "refused"],
    ["dead", "discard", "--reason", "malformed"],
    ["dead", "list"],
    ["status"],
  ]);
}
