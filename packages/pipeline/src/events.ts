/**
 * What happened, in the past tense: the one way out for information. Logs, totals and tests read the same
 * stream. One event a batch or a chunk, never one an asset.
 */
export type PipelineEvent =
  | {
      event: "chunk.settled";
      run: string;
      sequence: number;
      waiting: number;
      parked: number;
      unchanged: number;
      coalesced: number;
      dead: number;
    }
  | { event: "records.buried"; run: string; records: number; reasons: Record<string, number> }
  | { event: "chunk.left"; sequence: number; connector: string; why: string }
  | { event: "chunk.isolated"; run: string; sequence: number; tries: number }
  | { event: "batch.cut"; batch: number; connector: string; assets: number }
  | {
      event: "batch.sent";
      batch: number;
      call: number;
      requestId: string;
      assets: number;
      status: number | null;
      verdict: string;
      elapsedMs: number;
      remaining: number | null;
    }
  | { event: "batch.accepted"; batch: number; delivered: number; dead: number }
  | { event: "batch.split"; batch: number; into: readonly number[]; why: string }
  /** Is it the batch, or is it everything? Others will show. */
  | { event: "batch.doubted"; batch: number; reason: string }
  | { event: "batch.quarantined"; batch: number; assets: number }
  | { event: "assets.refused"; batch: number; assets: number; message: string }
  | {
      event: "send.held";
      scope: string;
      reason: string;
      durationMs: number | null;
      /** The same as an instant; null: until an operator ends it. */
      until: string | null;
      message: string;
      /** Calls that all that waits will take, and when the last can be made; null: nobody knows. */
      callsToGo: number;
      done: string | null;
    }
  | { event: "send.resumed"; scope: string; reason: string; cause: string; heldMs: number }
  /** Something is due and was not done for a while; the process starts again unless it is done soon. */
  | { event: "process.stuck"; problem: string }
  | { event: "process.recovered"; problem: string }
  /** Of a newer version of Sluice; told once a kind and a process. */
  | { event: "format.left"; what: string; format: number; known: number }
  | {
      event: "settings.applied";
      /** Where they come from. */
      files: readonly string[];
      accounts: readonly string[];
      connectors: readonly string[];
    }
  /** What was in force before still is. */
  | { event: "settings.refused"; problems: readonly string[] }
  | { event: "trouble"; stage: string; message: string };

export type Report = (event: PipelineEvent) => void;
export type Level = "debug" | "info" | "warn" | "error";

/** Error: a human must act. Warn: something was lost to the dead letters, or repaired itself. */
const LEVELS: Readonly<Record<PipelineEvent["event"], Level>> = {
  "chunk.settled": "debug",
  "records.buried": "warn",
  "chunk.left": "error",
  "chunk.isolated": "warn",
  "batch.cut": "debug",
  "batch.sent": "debug",
  "batch.accepted": "info",
  "batch.split": "info",
  "batch.doubted": "info",
  "batch.quarantined": "info",
  "assets.refused": "warn",
  "send.held": "info",
  "send.resumed": "info",
  "process.stuck": "error",
  "process.recovered": "info",
  "format.left": "warn",
  "settings.applied": "info",
  "settings.refused": "error",
  trouble: "warn",
};

/** How loud an event is. A hold that only an operator can end is an error. */
export function levelOf(event: PipelineEvent): Level {
  if (event.event === "send.held" && event.durationMs === null && event.reason !== "operator") {
    return "error";
  }
  return LEVELS[event.event];
}
