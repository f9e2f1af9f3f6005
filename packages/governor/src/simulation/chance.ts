/** Numbers that look random and are the same for the same seed (Marsaglia's xorshift, 32 bits). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 2_654_435_761) | 1;
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) / 2 ** 32;
  }

  between([least, most]: readonly [number, number]): number {
    return least + this.next() * (most - least);
  }

  /** The time to the next of events that come by chance, so many a millisecond. */
  gapMs(perMs: number): number {
    return -Math.log(1 - this.next()) / perMs;
  }
}
