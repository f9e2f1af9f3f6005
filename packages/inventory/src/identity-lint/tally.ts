/** Where a record stands: its file, and its line or the number of the array's element. */
export interface Place {
  source: string;
  line: number;
}

/** One value of those that were counted. */
export interface Example {
  value: string;
  records: number;
  /** The first of them. */
  places: readonly Place[];
}

/** Values that are told apart; of more, only the records are counted. */
const VALUES_MAX = 1_000;
const PLACES_MAX = 3;
const EXAMPLES_MAX = 5;
const VALUE_CHARS_MAX = 120;

/** Counts records by a value, and keeps the first places of each, in bounded memory. */
export class Tally {
  readonly #values = new Map<string, { records: number; places: Place[] }>();
  #records = 0;

  get records(): number {
    return this.#records;
  }

  add(value: string, ...places: readonly Place[]): void {
    this.#records += places.length;
    const text = value.length > VALUE_CHARS_MAX ? `${value.slice(0, VALUE_CHARS_MAX)}...` : value;
    const known = this.#values.get(text) ?? { records: 0, places: [] };
    known.records += places.length;
    known.places.push(...places.slice(0, PLACES_MAX - known.places.length));
    if (this.#values.size < VALUES_MAX || this.#values.has(text)) this.#values.set(text, known);
  }

  /** The values of most records. */
  examples(): Example[] {
    return [...this.#values]
      .map(([value, { records, places }]) => ({ value, records, places }))
      .sort((one, other) => other.records - one.records)
      .slice(0, EXAMPLES_MAX);
  }
}
