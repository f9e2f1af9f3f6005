import { CompactTable, hashedText } from "./compact-table.ts";
import { Tally, type Example, type Place } from "./tally.ts";

/** Values that are remembered: 24 bytes each, 25 MB at the most. */
const VALUES_MAX = 780_000;
const [OWNER, LINE, SOURCE, RECORDS] = [0, 1, 2, 3];

/** Finds values that several owners have: remembers who had each first, and counts from the second owner on. */
export class SharedValues {
  readonly #table = new CompactTable(4, VALUES_MAX);
  readonly #tally = new Tally();
  readonly #sources: string[] = [];
  readonly #isOther: (owner: number, another: number) => boolean;
  #values = 0;

  /** Owners are numbers of 32 bits. */
  constructor(isOther = (owner: number, another: number) => owner !== another) {
    this.#isOther = isOther;
  }

  add(value: string, owner: number, place: Place): void {
    const entry = this.#table.entryOf(...hashedText(value));
    if (entry < 0) return;
    const records = this.#table.get(entry, RECORDS);
    if (records === 0) {
      this.#table.set(entry, OWNER, owner);
      this.#table.set(entry, LINE, place.line);
      this.#table.set(entry, SOURCE, this.#sourceNumber(place.source));
    } else if (records === 1) {
      // The same asset may come again.
      if (!this.#isOther(this.#table.get(entry, OWNER), owner)) return;
      this.#values += 1;
      this.#tally.add(value, this.#firstPlace(entry), place);
    } else {
      this.#tally.add(value, place);
    }
    this.#table.set(entry, RECORDS, Math.min(2, records + 1));
  }

  /** What was found. Not exact: values that came when so many were known already were not looked for. */
  found(): { values: number; records: number; isExact: boolean; examples: readonly Example[] } {
    return {
      values: this.#values,
      records: this.#tally.records,
      isExact: !this.#table.isFull,
      examples: this.#tally.examples(),
    };
  }

  #firstPlace(entry: number): Place {
    const source = this.#sources[this.#table.get(entry, SOURCE)] ?? "";
    return { source, line: this.#table.get(entry, LINE) };
  }

  /** Records come source by source. */
  #sourceNumber(source: string): number {
    if (this.#sources.at(-1) !== source) this.#sources.push(source);
    return this.#sources.length - 1;
  }
}
