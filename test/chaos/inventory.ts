import { Chance } from "../support/random.ts";

/** Keys that the sandbox never takes: it refuses the whole call, or has an error for the asset alone. */
export const POISON = {
  whole: ["whole-1", "whole-2"],
  named: ["named-1", "named-2", "named-3"],
} as const;

const KEYS: readonly string[] = [
  ...Array.from({ length: 300 }, (_, index) => `host-${index + 1}`),
  ...Object.values(POISON).flat(),
];

export function isPoison(key: string): boolean {
  return Object.values(POISON).some((keys) => (keys as readonly string[]).includes(key));
}

const MALFORMED_LINE = '{"id": "host-1", "os": ';

/**
 * What the source knows: each asset has a counter that rises whenever it changes, and says so in its operating system.
 * Two loads of one round share no key, so that the order of an asset's versions is the order of the rounds.
 */
export class Inventory {
  readonly #chance: Chance;
  readonly #counters = new Map<string, number>();

  constructor(seed: number) {
    this.#chance = new Chance(seed);
  }

  /** The newest version of each asset that was ever loaded. */
  get newest(): ReadonlyMap<string, number> {
    return this.#counters;
  }

  /** A load of one of the two halves, which change sides with each round; some assets twice, some lines no assets. */
  draw(round: number, half: 0 | 1, records: number): string[] {
    const keys = KEYS.filter((_, index) => (index + round) % 2 === half);
    return Array.from({ length: records }, () =>
      this.#chance.isHit(0.01) ? MALFORMED_LINE : this.#next(this.#chance.pick(keys)),
    );
  }

  /** All there is, as it is now. */
  snapshot(): string[] {
    return [...this.#counters].map(([key, counter]) => lineOf(key, counter));
  }

  #next(key: string): string {
    const before = this.#counters.get(key) ?? 0;
    const counter = before === 0 || this.#chance.isHit(0.7) ? before + 1 : before;
    this.#counters.set(key, counter);
    return lineOf(key, counter);
  }
}

function lineOf(key: string, counter: number): string {
  return JSON.stringify({ id: key, hostname: key, os: `Debian 12 (state ${counter})` });
}

/** The counter in what the sandbox received. */
export function counterOf(operatingSystem: string): number {
  return Number(/\(state (\d+)\)/.exec(operatingSystem)?.[1] ?? Number.NaN);
}
