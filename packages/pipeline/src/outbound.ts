import type {
  Doubt,
  EndedHold,
  Evidence,
  Failures,
  Lane,
  NewHold,
  Reading,
} from "@sluice/governor";
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
  /** One asset that Qualys took before, sent again to see whether it still does. */
  isCanary: boolean;
  /** Part of a batch that was found guilty. */
  isSuspect: boolean;
  /** What it has met with. */
  failures: Failures | null;
  doubt: Doubt | null;
}

type WaitScope = "account" | "connector" | "lane" | "suspects";

/** What `reserve` says. */
type Permit =
  | { kind: "go"; call: number; ended: readonly EndedHold[] }
  | { kind: "wait"; scope: WaitScope; delayMs: number; reason: string };

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
  status: number | null;
  message: string;
  mayBeBatch: boolean;
  isCanary: boolean;
  isSuspect: boolean;
  failures: Failures | null;
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
  doubt: Doubt | null;
  /** Whether refusals of its connector may be the assets' own: there is a canary, or an operator vouches for it. */
  isTrusted: boolean;
}

/** What becomes of the batch's job. */
export type Disposition =
  | { kind: "done" }
  | { kind: "later"; delayMs: number }
  | { kind: "aside"; delayMs: number };

/** What can be done to learn whether a doubtful batch or its connector is to blame. */
export type Probe =
  /** A canary is on its way: this batch. */
  | { kind: "sent"; canary: number }
  /** Nothing is sent now. */
  | { kind: "held"; delayMs: number }
  /** There is no asset to ask with; so many other batches are unsettled. */
  | { kind: "none"; others: number }
  /** The doubtful batch is settled. */
  | { kind: "gone" };

export interface SendStageOptions {
  /** Null when the batch is settled already. */
  load: (batch: number) => Promise<OutboundBatch | null>;
  reserve: (batch: OutboundBatch) => Promise<Permit>;
  /** Gives a permit back that was not used. */
  release: (call: number) => Promise<void>;
  /** Settles the call; tells the hold that follows, whether it is new, and when all that waits can be sent. */
  settleCall: (made: MadeCall) => Promise<SettledCall>;
  /** The records that assets of a batch were made of; null for one that is not known any more. */
  rawOf: (batch: number, indexes: readonly number[]) => Promise<readonly (RawRecord | null)[]>;
  /** Tells also how many assets of the connector were decided of late, and how many of them refused. */
  acknowledge: (
    batch: OutboundBatch,
    call: number,
    rejected: readonly RejectedAsset[],
  ) => Promise<{ delivered: number; dead: number; ofLate: { decided: number; refused: number } }>;
  /**
   * Makes several batches of one, suspects if it is guilty; adds their jobs to the front, tells their numbers; none when it
   * is settled already.
   */
  split: (
    batch: OutboundBatch,
    parts: readonly (readonly Buffer[])[],
    isGuilty: boolean,
  ) => Promise<readonly number[]>;
  /** Puts a batch of suspects aside until a call is spare. */
  quarantine: (batch: number) => Promise<void>;
  /** What other batches of its connector have met with. */
  evidence: (batch: OutboundBatch) => Promise<Evidence>;
  /** Sends an asset again that Qualys took before, unless one is on its way. */
  probe: (batch: number) => Promise<Probe>;
  hold: (hold: NewHold) => Promise<void>;
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

/** No call now. */
export type Wait = Permit & { kind: "wait" };
