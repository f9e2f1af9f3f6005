import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CompactTable, hashedText } from "./compact-table.ts";

const SEED = 20_261_122;
const word = fc.nat({ max: 0xffffffff });

describe("CompactTable", () => {
  it("keeps what a map keeps, through every growth, for keys that meet in one slot too", () => {
    const key = fc.oneof(
      fc.tuple(word, word),
      // Equal low bits: neighbours in the array.
      fc.tuple(fc.nat({ max: 50 }), fc.constantFrom(0, 1, 1_024, 4_096)),
    );
    const writes = fc.array(fc.tuple(key, word, word), { maxLength: 3_000, size: "max" });
    fc.assert(
      fc.property(writes, (entries) => {
        const table = new CompactTable(2, 10_000);
        const map = new Map<string, [number, number]>();
        for (const [[high, low], one, other] of entries) {
          // All zeros is the key that stands for a free slot, and for 0 1.
          const name = `${high} ${high === 0 && low === 0 ? 1 : low}`;
          const entry = table.entryOf(high, low);
          expect([table.get(entry, 0), table.get(entry, 1)]).toEqual(map.get(name) ?? [0, 0]);
          table.set(entry, 0, one);
          table.set(entry, 1, other);
          map.set(name, [one, other]);
        }
        expect(table.size).toBe(map.size);
      }),
      { seed: SEED, numRuns: 30 },
    );
  });

  it("takes no more keys than it may, says so, and still finds those it has", () => {
    const table = new CompactTable(1, 2_000);
    const keys = Array.from({ length: 3_000 }, (_, index) => hashedText(`key ${index}`));
    for (const [index, key] of keys.entries()) {
      const entry = table.entryOf(...key);
      if (index < 2_000) table.set(entry, 0, index + 1);
      else expect(entry).toBe(-1);
      expect(table.isFull).toBe(index >= 2_000);
    }
    expect(table.size).toBe(2_000);
    for (const [index, key] of keys.slice(0, 2_000).entries()) {
      expect(table.get(table.entryOf(...key), 0)).toBe(index + 1);
    }
  });
});

describe("hashedText", () => {
  it("gives the texts of an inventory keys of their own, spread over the slots", () => {
    const texts = Array.from(
      { length: 100_000 },
      (_, index) => `10.${index >> 8}.0.${index & 255}`,
    );
    const keys = texts.map(hashedText);
    expect(new Set(keys.map(([high, low]) => high * 2 ** 32 + low)).size).toBe(100_000);
    const buckets = Array.from({ length: 256 }, () => 0);
    for (const [, low] of keys) buckets[low & 255] = (buckets[low & 255] ?? 0) + 1;
    // On average 391 each, with a deviation of 20.
    expect(Math.max(...buckets)).toBeLessThan(500);
    expect(Math.min(...buckets)).toBeGreaterThan(290);
  });
});
