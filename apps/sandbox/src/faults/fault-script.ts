import { matchesKey, type Fault, type FaultPlan } from "./fault.ts";

/** What a fault may look at in a call. */
export interface FaultyCall {
  readonly keys: readonly string[];
  readonly bytes: number;
  readonly assets: number;
  /** Epoch ms. */
  readonly atMs: number;
}

/** A fault with how often it was taken. */
export interface FaultCount {
  readonly fault: Fault;
  readonly taken: number;
  readonly left: number | "always";
}

/**
 * The faults still to come. Each import call that the limits let in takes the first fault of the script
 * that fits it, and at most that one; a fault that was taken as often as it may be rests from then on.
 */
export class FaultScript {
  #counts: { readonly fault: Fault; taken: number; readonly timesMax: number }[] = [];
  #seed = 1;
  #chance: () => number = chanceOf(1);
  #calls = 0;
  #startedAtMs: number | null = null;

  constructor(plan?: FaultPlan) {
    if (plan !== undefined) this.replace(plan);
  }

  get seed(): number {
    return this.#seed;
  }

  /** How many calls have come since the script was set. */
  get calls(): number {
    return this.#calls;
  }

  get faults(): readonly FaultCount[] {
    return this.#counts.map(({ fault, taken, timesMax }) => ({
      fault,
      taken,
      left: timesMax === Infinity ? "always" : timesMax - taken,
    }));
  }

  /** Replaces the script, whose time begins at `nowMs` or with the first call; an empty one ends all faults. */
  replace({ seed, faults }: FaultPlan, nowMs: number | null = null): void {
    this.#counts = faults.map((fault) => ({ fault, taken: 0, timesMax: timesMax(fault) }));
    this.#seed = seed;
    this.#chance = chanceOf(seed);
    this.#calls = 0;
    this.#startedAtMs = nowMs;
  }

  /** The fault for a call, if there is one. */
  take(call: FaultyCall): Fault | undefined {
    this.#calls += 1;
    this.#startedAtMs ??= call.atMs;
    const number = this.#calls;
    const sinceMs = call.atMs - this.#startedAtMs;
    const entry = this.#counts.find(
      ({ fault, taken, timesMax }) =>
        taken < timesMax && fits(fault, call, number, sinceMs) && this.#isMet(fault),
    );
    if (entry === undefined) return undefined;
    entry.taken += 1;
    return entry.fault;
  }

  /** Draws only for a call that fits otherwise, so that the seed decides whatever else goes on. */
  #isMet({ rate }: Fault): boolean {
    return rate === undefined || this.#chance() < rate;
  }
}

function timesMax({ times, ...fault }: Fault): number {
  if (typeof times === "number") return times;
  const { rate, fromMs, untilMs, aboveBytes, aboveAssets } = fault;
  const isStanding = [rate, fromMs, untilMs, aboveBytes, aboveAssets].some(
    (value) => value !== undefined,
  );
  return times === "always" || isStanding ? Infinity : 1;
}

function fits(fault: Fault, call: FaultyCall, number: number, sinceMs: number): boolean {
  const { keys } = fault;
  return (
    (fault.call === undefined || fault.call === number) &&
    sinceMs >= (fault.fromMs ?? 0) &&
    sinceMs < (fault.untilMs ?? Infinity) &&
    call.bytes > (fault.aboveBytes ?? -1) &&
    call.assets > (fault.aboveAssets ?? -1) &&
    (keys === undefined || call.keys.some((key) => matchesKey(keys, key)))
  );
}

/** Numbers from 0 to below 1 that the seed decides: the published mulberry32 generator. */
function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
