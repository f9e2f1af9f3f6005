/** Numbers that look random and are the same for the same seed, each at least 0 and below 1. */
export type Random = () => number;

/**
 * The generator mulberry32, which has 32 bits of state: small and fast, for samples and never for
 * secrets. Described at https://github.com/bryc/code/blob/master/jshash/PRNGs.md
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number of at least 0 and below `bound`. */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor(random() * bound);
}

/** One of the items, each as likely as its weight. */
export function pickWeighted<Item extends { weight: number }>(
  random: Random,
  items: readonly [Item, ...Item[]],
): Item {
  let left = random() * items.reduce((sum, item) => sum + item.weight, 0);
  for (const item of items) {
    left -= item.weight;
    if (left < 0) return item;
  }
  return items[0];
}
