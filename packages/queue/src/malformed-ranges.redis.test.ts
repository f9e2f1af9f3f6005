import { versionOf, type BuriedRecord } from "@sluice/inventory";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Account } from "./account.ts";
import { countDeadLetters } from "./dead-letters.ts";
import { discardMalformedRanges, listMalformedRanges } from "./malformed-ranges.ts";
import { settle } from "./outbox.ts";
import { readRun } from "./runs.ts";
import { CONNECTOR, freshAccount, idOf, letterOf, openTestRun, store } from "./test-account.ts";

/** Where a malformed line stands. */
type Place = readonly [source: string, line: number];

/** Buries malformed lines, a chunk. */
async function bury(account: Account, run: string, places: readonly Place[]): Promise<void> {
  const sequence = await store(account, run, places.length);
  const dead = places.map(([source, line], index): BuriedRecord => {
    const letter = { ...letterOf("-"), key: null, reason: "malformed", source, line };
    const id = idOf(`${run} ${source} ${line}`);
    return { id, version: versionOf(sequence, index), letter };
  });
  await settle(account, sequence, { assets: [], dead, coalesced: 0, warnings: {} });
}

/** Lines of one source, from the first to the last. */
function linesOf(source: string, first: number, last: number): Place[] {
  return Array.from({ length: last - first + 1 }, (_, index) => [source, first + index]);
}

/** A run whose letters about malformed lines are used up. */
async function fullRun(account: Account): Promise<string> {
  const run = await openTestRun(account);
  await bury(account, run, linesOf("first.ndjson", 1, 1_000));
  return run;
}

async function rangesOf(account: Account, run: string): Promise<unknown[]> {
  const ranges = await listMalformedRanges(account, { run });
  return ranges.map(({ source, firstLine, lastLine, lines }) => [
    source,
    firstLine,
    lastLine,
    lines,
  ]);
}

describe("malformed lines of a run", () => {
  it("have letters up to a thousand; of more only the places are kept, and all are counted", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    for (const first of [1, 601, 1_201]) {
      await bury(account, run, linesOf("hosts.ndjson", first, first + 599));
    }
    expect(await countDeadLetters(account)).toBe(1_000);
    expect(await listMalformedRanges(account)).toEqual([
      {
        connector: CONNECTOR,
        run,
        source: "hosts.ndjson",
        firstLine: 1_001,
        lastLine: 1_800,
        lines: 800,
      },
    ]);
    expect(await readRun(account, run)).toMatchObject({ read: 1_800, dead: 1_800, pending: 0 });
  });

  it("have letters again in the next run", async () => {
    const account = await freshAccount();
    await fullRun(account);
    const next = await openTestRun(account);
    await bury(account, next, [["hosts.ndjson", 7]]);
    expect(await countDeadLetters(account)).toBe(1_001);
    expect(await listMalformedRanges(account)).toEqual([]);
  });

  it("are one range where they touch, in whatever order their chunks are settled", async () => {
    const account = await freshAccount();
    const run = await fullRun(account);
    await bury(account, run, linesOf("b.csv", 21, 30));
    await bury(account, run, linesOf("b.csv", 1, 10));
    await bury(account, run, [...linesOf("b.csv", 11, 20), ["b.csv", 40], ["a.csv", 3]]);
    expect(await rangesOf(account, run)).toEqual([
      ["a.csv", 3, 3, 1],
      ["b.csv", 1, 30, 30],
      ["b.csv", 40, 40, 1],
    ]);
  });

  it("whose ranges are too many are joined with their nearest neighbours", async () => {
    const account = await freshAccount();
    const run = await fullRun(account);
    const pairs = linesOf("a.csv", 1, 120).flatMap(([source, line]): Place[] => [
      [source, line * 1_000],
      [source, line * 1_000 + 2],
    ]);
    await bury(account, run, pairs.slice(0, 180));
    expect((await rangesOf(account, run))[0]).toEqual(["a.csv", 1_000, 1_002, 2]);
    await bury(account, run, pairs.slice(180));
    const ranges = await listMalformedRanges(account, { run });
    expect(ranges.length).toBeLessThanOrEqual(100);
    expect(ranges.reduce((sum, { lines }) => sum + lines, 0)).toBe(240);
  });

  it("of too many sources share one range without a name", async () => {
    const account = await freshAccount();
    const run = await fullRun(account);
    for (const from of [0, 150]) {
      const places = linesOf("s", 1, 150).map(([, line]): Place => [`source ${from + line}`, line]);
      await bury(account, run, places);
    }
    const ranges = await rangesOf(account, run);
    expect(ranges).toHaveLength(100);
    expect(ranges[0]).toEqual([null, 0, 0, 201]);
  });

  it("are never lost from the count, whatever their places", async () => {
    const account = await freshAccount();
    const place = fc.tuple(
      fc.constantFrom("a", "b", 'c "quoted" é'),
      fc.integer({ min: 1, max: 5_000 }),
    );
    const chunks = fc.array(fc.array(place, { minLength: 1, maxLength: 60 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(chunks, async (made) => {
        const run = await fullRun(account);
        for (const places of made) await bury(account, run, places);
        const ranges = await listMalformedRanges(account, { run });
        const lines = ranges.reduce((sum, range) => sum + range.lines, 0);
        expect(lines).toBe(made.flat().length);
        expect(ranges.length).toBeLessThanOrEqual(100);
        for (const [source, line] of made.flat()) {
          const isKnown = ranges.some(
            (range) => range.source === source && range.firstLine <= line && line <= range.lastLine,
          );
          expect(isKnown, `${source}:${line}`).toBe(true);
        }
      }),
      { seed: 20_261_122, numRuns: 10 },
    );
  });

  it("are off the list when discarded", async () => {
    const account = await freshAccount();
    const run = await fullRun(account);
    await bury(account, run, linesOf("a.csv", 1, 10));
    expect(await listMalformedRanges(account, { connector: "elsewhere" })).toEqual([]);
    await discardMalformedRanges(account, [run]);
    expect(await listMalformedRanges(account)).toEqual([]);
    expect(await readRun(account, run)).toMatchObject({ dead: 1_010 });
  });
});
