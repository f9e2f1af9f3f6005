/**
 * A question that the next call of somebody else will answer: is it this batch, or is it everything? Until then nothing is
 * concluded about its assets, and it is not sent again.
 */
export interface Doubt {
  reason: "refused" | "forbidden" | "unavailable";
  /** The call that raised it. */
  call: number;
  message: string;
  /** For `unavailable`: the first of the equal failures in a row. */
  firstCall: number;
}

/** Equal failures of one batch in a row. */
export interface Failures {
  /** What they have in common. */
  what: string;
  inRow: number;
  /** The call that was the first of them. */
  firstCall: number;
}

/** What the calls of one connector have come to. Calls by their numbers; 0: none. */
export interface Standing {
  /** Calls in a row that were refused. */
  refusals: number;
  /** Whether an asset that Qualys took is at hand, to be sent again as a canary. */
  hasCanary: boolean;
  /** Whether there is a canary, or an operator has vouched for it: its refusals may be the assets' own. */
  isTrusted: boolean;
}

/** What others have met with since a doubt was raised. Calls by their numbers; 0: none. */
export interface Evidence {
  /** The newest call of the connector that was accepted. */
  acceptedCall: number;
  /** The newest call of the connector that failed with another batch. */
  failedCall: number;
  /** The newest call when an operator last let everything go on. */
  vouchedCall: number;
}

/** Equal failures of one batch in a row that make it doubtful. */
const FAILURES_MAX = 3;
/** Bisecting one bad asset out of a hundred meets about seven refusals in a row; this many look systemic. */
export const REFUSALS_MAX = 20;

/** What raises a doubt after a call. */
export interface DoubtFacts extends Standing {
  call: number;
  /** The kind of its verdict, and what was said. */
  outcome: string;
  message: string;
  /** A refusal of permission that may be about what was sent, and not about who sent it. */
  mayBeBatch: boolean;
  /** Whether its batch is a canary, or part of one that was found guilty. */
  isCanary: boolean;
  isSuspect: boolean;
  /** Equal failures of the batch in a row, with this call. */
  failures: Failures | null;
}

/** The doubt that a call raises about its batch, or null. A canary's outcome raises none: it answers one. */
export function doubtAfter(facts: DoubtFacts): Doubt | null {
  const { outcome, call, message, failures } = facts;
  if (facts.isCanary) return null;
  const doubt = { call, message, firstCall: call };
  switch (outcome) {
    case "refused":
      // Parts of a guilty batch are expected to be refused, but not without end.
      if (!facts.hasCanary || (facts.isSuspect && (facts.refusals + 1) % REFUSALS_MAX !== 0))
        return null;
      return { ...doubt, reason: outcome };
    case "forbidden":
      return facts.hasCanary && facts.mayBeBatch ? { ...doubt, reason: outcome } : null;
    default:
      if (failures === null || failures.inRow < FAILURES_MAX) return null;
      return { ...doubt, reason: "unavailable", firstCall: failures.firstCall };
  }
}

/** Counts what fails in the same way again and again. Being one call too many says nothing about a batch. */
export function countFailures(
  before: Failures | null,
  { call, outcome, status }: { call: number; outcome: string; status: number | null },
): Failures | null {
  if (outcome === "limited") return before;
  if (outcome !== "unavailable" && outcome !== "unknown") return null;
  const what = `${outcome} ${status ?? "-"}`;
  if (before?.what !== what) return { what, inRow: 1, firstCall: call };
  return { ...before, inRow: before.inRow + 1 };
}

/**
 * Whether it was the batch (`guilty`), or not (`innocent`: it is sent as if nothing had been), as far as others have
 * shown by now. Where others failed among a batch's failures, it was everything.
 */
export function judgeDoubt(doubt: Doubt, evidence: Evidence): "guilty" | "innocent" | "open" {
  if (evidence.vouchedCall >= doubt.call) return "innocent";
  if (doubt.reason === "unavailable" && evidence.failedCall > doubt.firstCall) return "innocent";
  return evidence.acceptedCall > doubt.call ? "guilty" : "open";
}

/** Before fewer were decided nothing is concluded. */
const DECIDED_MIN = 200;
const REFUSED_SHARE_MAX = 0.2;

/** Whether so many of a connector's assets are refused, of those decided of late, that an operator should look. */
export function isTooMuchRefused({ decided, refused }: { decided: number; refused: number }) {
  return decided >= DECIDED_MIN && refused > decided * REFUSED_SHARE_MAX;
}
