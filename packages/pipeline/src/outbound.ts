import type { EndedHold, Lane, NewHold, Reading } from "@sluice/governor";
import type { RawRecord, RejectedAsset, Verdict } from "@sluice/inventory";
import type { Report } from "./events.ts";

/** A batch as the sender needs it. */
export interface OutboundBatch {
  number: number;
  connector: string;
  lane: Lane;
  requestId: string;
  /** The assets: each the bytes of its JSON text. */
  bodies: readonly Buffer[];
}

/** What `reserve` says. */
type Permit =
  | { kind: "go"; call: number; isTrusted: boolean; ended: readonly EndedHold[] }
  | { kind: "wait"; scope: "account" | "connector" | "lane"; delayMs: number; reason: string };

/** What came back from Qualys, or did not. */
export interface Answer {
  verdict: Verdict;
  reading: Reading;
  status: number | null;
  elapsedMs: number;
  body: string;
}

/** A call that was made. */
export interface MadeCall {
  call: number;
  batch: number;
  connector: string;
  outcome: Verdict["kind"];
  cause: "rate" | "concurrency";
  message: string;
  assets: number;
  elapsedMs: number;
  reading: Reading;
  chance: number;
  bytesMax: number | null;
  entry: {
    atMs: number;
    requestId: string;
    status: number | null;
    assets: number;
    elapsedMs: number;
    verdict: string;
    message: string;
  };
}

/** What followed from a call. */
export interface SettledCall {
  hold: NewHold | null;
  isNewHold: boolean;
  callsToGo: number;
  doneAtMs: number | null;
}

/** What becomes of the batch's job. */
export type Disposition =
  | { kind: "done" }
  | { kind: "later"; delayMs: number }
  | { kind: "aside"; delayMs: number };

export interface SendStageOptions {
  /** Null when the batch is settled already. */
  load: (batch: number) => Promise<OutboundBatch | null>;
  reserve: (connector: string, lane: Lane) => Promise<Permit>;
  /** Gives a permit back that was not used. */
  release: (call: number) => Promise<void>;
  /** Settles the call; tells the hold that follows, whether it is new, and when all that waits can be sent. */
  settleCall: (made: MadeCall) => Promise<SettledCall>;
  /** The records that assets of a batch were made of; null for one that is not known any more. */
  rawOf: (batch: number, indexes: readonly number[]) => Promise<readonly (RawRecord | null)[]>;
  acknowledge: (
    batch: number,
    call: number,
    rejected: readonly RejectedAsset[],
  ) => Promise<{ delivered: number; dead: number }>;
  /** Makes several batches of one, adds their jobs to the front, tells their numbers; none when it is settled already. */
  split: (
    batch: OutboundBatch,
    parts: readonly (readonly Buffer[])[],
  ) => Promise<readonly number[]>;
  importAssets: (request: {
    requestId: string;
    payload: Buffer;
    /** Asked directly before the call is made, however long a sign-in took. */
    mayPost: () => boolean;
    assets: () => { sourceNativeKey: string; names: string[] }[];
  }) => Promise<Answer>;
  /** The `source` string of a connector's payloads. */
  sourceOf: (connector: string) => string;
  /** How old batch and permit may be when the call is made: after that the slot may be somebody else's. */
  permitMsMax: number;
  /** Milliseconds that only go forward, in this process. */
  monotonicMs: () => number;
  /** The time of day, for people. */
  nowMs: () => number;
  chance: () => number;
  report: Report;
}

/** A permit to make one call now. */
export type Go = Permit & { kind: "go" };
