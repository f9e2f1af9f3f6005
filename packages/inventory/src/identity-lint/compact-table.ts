/** Of the slots, so many may be taken: beyond that, probing gets long. */
const LOAD_MAX = 0.75;
const SLOTS_FIRST = 1_024;
const KEY_WORDS = 2;

/**
 * A hash table of 64-bit keys in one typed array, by linear probing, for many more entries than a `Map` could hold in the
 * same memory: an entry takes 8 bytes and
 * 4 for each of its numbers, 2.7 times that when the table has just grown, and 4 times while it grows. Keys
 * have to be spread evenly already. Of ten million keys, two are taken for one with a probability of 3 in a million.
 */
export class CompactTable {
  readonly #stride: number;
  readonly #entriesMax: number;
  #words: Uint32Array<ArrayBuffer>;
  #slots = SLOTS_FIRST;
  #size = 0;
  #isFull = false;

  /** Each entry has `width` numbers of 32 bits. */
  constructor(width: number, entriesMax: number) {
    this.#stride = KEY_WORDS + width;
    this.#entriesMax = entriesMax;
    this.#words = new Uint32Array(this.#slots * this.#stride);
  }

  /** How many keys it has. */
  get size(): number {
    return this.#size;
  }

  /** Whether a key had to be left out. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /**
   * Where the entry of a key is, until the next call; a new one has zeros. -1 where it is new and the table is full.
   */
  entryOf(high: number, low: number): number {
    // A slot of zeros is a free one.
    const safeLow = (high | low) === 0 ? 1 : low >>> 0;
    let at = this.#find(high >>> 0, safeLow);
    if (this.#isTaken(at)) return at;
    if (this.#size >= this.#entriesMax) {
      this.#isFull = true;
      return -1;
    }
    if (this.#size + 1 > this.#slots * LOAD_MAX) {
      this.#grow();
      at = this.#find(high >>> 0, safeLow);
    }
    this.#size += 1;
    this.#words[at] = high;
    this.#words[at + 1] = safeLow;
    return at;
  }

  /** One of an entry's numbers. */
  get(entry: number, column: number): number {
    return this.#words[entry + KEY_WORDS + column] ?? 0;
  }

  set(entry: number, column: number, value: number): void {
    this.#words[entry + KEY_WORDS + column] = value;
  }

  #isTaken(at: number): boolean {
    return ((this.#words[at] ?? 0) | (this.#words[at + 1] ?? 0)) !== 0;
  }

  #find(high: number, low: number): number {
    const words = this.#words;
    let slot = low & (this.#slots - 1);
    for (;;) {
      const at = slot * this.#stride;
      if ((words[at] === high && words[at + 1] === low) || !this.#isTaken(at)) return at;
      slot = (slot + 1) & (this.#slots - 1);
    }
  }

  #grow(): void {
    const before = this.#words;
    this.#slots *= 2;
    this.#words = new Uint32Array(this.#slots * this.#stride);
    for (let from = 0; from < before.length; from += this.#stride) {
      const [high = 0, low = 0] = [before[from], before[from + 1]];
      if ((high | low) === 0) continue;
      const to = this.#find(high, low);
      for (let word = 0; word < this.#stride; word += 1) {
        this.#words[to + word] = before[from + word] ?? 0;
      }
    }
    // Hundreds of megabytes that no collection of garbage is in a hurry to find.
    before.buffer.transfer(0);
  }
}

/** A text as a key of a table: two hashes of 32 bits, each multiplicative and then mixed. Not for secrets. */
export function hashedText(text: string): [high: number, low: number] {
  let high = 0x2c1b3c6d;
  let low = 0x297a2d39;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 0x85ebca77);
    low = Math.imul(low + code, 0x9e3779b1) ^ (low >>> 15);
  }
  return [mixed(high), mixed(low ^ Math.imul(high, 0x27d4eb2f))];
}

/** Every bit of the input changes about half of the output's. */
function mixed(bits: number): number {
  const once = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  const twice = Math.imul(once ^ (once >>> 15), 0x846ca68b);
  return (twice ^ (twice >>> 16)) >>> 0;
}
