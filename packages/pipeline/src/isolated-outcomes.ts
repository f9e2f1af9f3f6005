import type { Chunk, ChunkRecord, Transformed } from "@sluice/inventory";

/** A process ended, or had to be ended, while it transformed a record. */
export interface Killed {
  kind: "killed";
  /** `it took longer than 5000 ms`, for example. */
  how: string;
}

/** Where records are transformed one at a time, so that none of them harms more than itself. */
export interface Isolation extends AsyncDisposable {
  /** What becomes of the record. Goes on with the next one whatever this one did. */
  transform(record: ChunkRecord): Promise<Transformed | Killed>;
}

/** What isolating the records of a chunk needs. What is noted outlives this process. */
export interface IsolationOptions {
  /** Begins an isolation in which a connector's records become assets as they do here. */
  isolate: (connector: string) => Isolation;
  /** How often each record killed, and how it did so last. */
  readDeaths: (
    sequence: number,
    records: number,
  ) => Promise<readonly { count: number; how: string }[]>;
  /** How often this record has killed now. */
  noteDeath: (sequence: number, index: number, how: string) => Promise<number>;
}

/** Once may be an accident, such as a machine that is short of memory. */
const DEATHS_MAX = 2;

/** What becomes of each record of a chunk, in order. One that kills twice is dead; its neighbours go on. */
export async function isolatedOutcomes(
  chunk: Chunk,
  { isolate, readDeaths, noteDeath }: IsolationOptions,
): Promise<Transformed[]> {
  const { sequence, connector, records } = chunk;
  const deaths = await readDeaths(sequence, records.length);
  await using isolation = isolate(connector);
  const outcomes: Transformed[] = [];
  for (const [index, record] of records.entries()) {
    let { count, how } = deaths[index] ?? { count: 0, how: "" };
    let outcome: Transformed | null = null;
    while (outcome === null && count < DEATHS_MAX) {
      const result = await isolation.transform(record);
      if (result.kind !== "killed") {
        outcome = result;
        continue;
      }
      ({ how } = result);
      count = Math.max(count + 1, await noteDeath(sequence, index, how));
    }
    outcomes.push(outcome ?? poison(how));
  }
  return outcomes;
}

function poison(how: string): Transformed {
  const message = `Cannot transform the record: ${how}, in ${DEATHS_MAX} tries; correct the record or the mapping`;
  return { kind: "dead", key: null, id: null, reason: "poison", path: "", message };
}
