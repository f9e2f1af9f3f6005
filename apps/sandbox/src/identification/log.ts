import { nativeKeyRule } from "./rules.ts";
import type { Decision, RuleTrial } from "./identify.ts";

/** How one import of an asset was identified. */
export interface LogEntry {
  /** Epoch ms. */
  readonly atMs: number;
  readonly requestId: string | null;
  readonly outcome: Decision["outcome"];
  /** `null` when it was dropped. */
  readonly assetId: number | null;
  readonly reason: string;
  readonly tried: readonly RuleTrial[];
}

/** The import that a log is about. */
export interface Import {
  readonly atMs: number;
  readonly requestId: string | null;
}

const entriesMax = 20;

/** The entry for an asset that the rules decided about. */
export function decided(
  { atMs, requestId }: Import,
  decision: Decision,
  assetId: number | null,
): LogEntry {
  const { outcome, reason, tried } = decision;
  return { atMs, requestId, outcome, assetId, reason, tried };
}

/** The entry for an asset whose source native key was known. */
export function recognised({ atMs, requestId }: Import, assetId: number): LogEntry {
  return {
    atMs,
    requestId,
    outcome: "merged",
    assetId,
    reason: `The source native key is that of a record of asset ${assetId}`,
    tried: [{ rule: nativeKeyRule, result: "one", assetIds: [assetId] }],
  };
}

/** A log as the store has it, with one more entry; the oldest goes when there are more than 20. */
export function appended(log: string, entry: LogEntry): string {
  return JSON.stringify([...readLog(log), entry].slice(-entriesMax));
}

export function readLog(log: string): LogEntry[] {
  return JSON.parse(log) as LogEntry[];
}
