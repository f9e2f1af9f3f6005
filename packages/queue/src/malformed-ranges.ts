import type { Account } from "./account.ts";

/** Malformed lines of a run that were too many for a letter each: only where they stood is known. */
export interface MalformedRange {
  connector: string;
  run: string;
  /** Null where these are lines of several sources. */
  source: string | null;
  firstLine: number;
  lastLine: number;
  /** How many between the two are malformed. */
  lines: number;
}

/** The ranges of all runs that are kept, the newest run first. */
export async function listMalformedRanges(
  account: Account,
  { connector, run }: { connector?: string; run?: string } = {},
): Promise<MalformedRange[]> {
  const ids = await account.client.zrevrange(account.key("runs"), 0, -1);
  const pipeline = account.client.pipeline();
  for (const id of ids) pipeline.hmget(account.key(`run:${id}`), "c", "ranges");
  const replies = (await pipeline.exec()) ?? [];
  return replies
    .flatMap(([, reply], index) => {
      const [owner, json] = reply as (string | null)[];
      return rangesIn(json ?? "[]", { connector: owner ?? "", run: ids[index] ?? "" });
    })
    .filter((range) => connector === undefined || range.connector === connector)
    .filter((range) => run === undefined || range.run === run);
}

/** Takes the ranges of these runs off the list. */
export async function discardMalformedRanges(
  account: Account,
  runs: readonly string[],
): Promise<void> {
  const pipeline = account.client.pipeline();
  for (const run of runs) pipeline.hdel(account.key(`run:${run}`), "ranges");
  await pipeline.exec();
}

function rangesIn(json: string, of: { connector: string; run: string }): MalformedRange[] {
  const ranges = JSON.parse(json) as [string, number, number, number][];
  return ranges.map(([source, firstLine, lastLine, lines]) => ({
    ...of,
    source: source === "" ? null : source,
    firstLine,
    lastLine,
    lines,
  }));
}
