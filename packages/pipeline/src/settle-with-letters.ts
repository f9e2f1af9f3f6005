import {
  recordsByVersion,
  type Chunk,
  type RejectedAsset,
  type Settlement,
} from "@sluice/inventory";
import { letterAbout } from "./letter.ts";

/** While a chunk is being settled, others of its assets may be refused; rarely more than once. */
const ATTEMPTS_MAX = 10;

/** What the decisions about a chunk came to. */
export type SettledCounts =
  | { kind: "gone" }
  /** Nothing is settled: Qualys refused these assets before, so that each needs a letter. */
  | {
      kind: "refused";
      refusals: readonly { index: number; reason: string; message: string }[];
    }
  | {
      kind: "settled";
      waiting: number;
      parked: number;
      unchanged: number;
      coalesced: number;
      dead: number;
    };

/** Settles the chunk of that sequence. */
export type Settle = (sequence: number, settlement: Settlement) => Promise<SettledCounts>;

/** Settles a chunk; assets that Qualys refused before get letters of their own, with the record as it is now. */
export async function settleWithLetters(
  settle: Settle,
  chunk: Chunk,
  settlement: Settlement,
): Promise<Exclude<SettledCounts, { kind: "refused" }>> {
  const refused: RejectedAsset[] = [];
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const known = refused.length > 0 ? { ...settlement, refused } : settlement;
    const settled = await settle(chunk.sequence, known);
    if (settled.kind !== "refused") return settled;
    const records = recordsByVersion(chunk, chunk.sequence);
    for (const { index, reason, message } of settled.refusals) {
      const { body, version } = settlement.assets[index] ?? { body: "{}", version: -1 };
      const record = records.get(version) ?? { source: chunk.source, line: 0, raw: "" };
      refused.push({ index, letter: letterAbout(Buffer.from(body), reason, message, record) });
    }
  }
  throw new Error(
    `Cannot settle chunk ${chunk.sequence}: more and more of it is refused; it will be tried again`,
  );
}
