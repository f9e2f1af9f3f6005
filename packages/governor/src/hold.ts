import type { Reading } from "./reading.ts";

/** A pause of sending that is to begin. */
export interface NewHold {
  /** `account`, or the id of one connector. */
  scope: string;
  reason: HoldReason;
  /** Null: until an operator ends it. */
  durationMs: number | null;
  message: string;
}

export type HoldReason =
  | "rate-limit"
  | "concurrency"
  | "unavailable"
  | "credentials"
  | "wrong-address"
  | "refused"
  | "operator";

/** One call, as the governor sees it. */
export interface CallFacts {
  /** The kind of its verdict, and what was said. */
  outcome: string;
  message: string;
  reading: Reading;
  connector: string;
  /** Calls in a row, before this one, that brought no usable answer. */
  failures: number;
  /** Calls of the connector in a row, before this one, that were refused. */
  refusals: number;
  /** Whether Qualys ever took anything of the connector, or an operator has vouched for it. */
  isTrusted: boolean;
  /** From 0 up to 1: spreads the waits of several senders. */
  chance: number;
}

/** The seed's own default where a server that refuses does not say how long. */
const WAIT_MS_DEFAULT = 60_000;
/** A wait is never taken longer than the window it comes from, or this where none is known. */
const WAIT_MS_MAX = 24 * 3_600_000;
const WAIT_MS_MIN = 250;
const CONCURRENCY_WAIT_MS = 250;
const FAILURE_WAIT_MS = 1_000;
const FAILURE_WAIT_MS_MAX = 300_000;
/** Bisecting one bad asset out of a hundred meets about seven refusals in a row; this many look systemic. */
const REFUSALS_MAX = 20;
/** A batch and one asset from each of its quarters, all refused, before anything was ever accepted. */
const FIRST_REFUSALS_MAX = 5;

/**
 * The hold that follows from one answer, or null. It stands beside the verdict: a call can be accepted and yet be the
 * last one for an hour. When both the wait and the failures ask for one, the longer holds.
 */
export function holdAfter(facts: CallFacts): NewHold | null {
  const { outcome, reading, message } = facts;
  switch (outcome) {
    case "limited":
      return limitedHold(facts);
    case "forbidden":
      return { scope: "account", reason: "credentials", durationMs: null, message };
    case "wrong-address":
      return { scope: "account", reason: "wrong-address", durationMs: null, message };
    case "unavailable":
    case "unknown":
      return failureHold(facts);
    case "refused":
      if (facts.refusals + 1 >= (facts.isTrusted ? REFUSALS_MAX : FIRST_REFUSALS_MAX)) {
        return refusedHold(facts);
      }
      break;
    default:
      break;
  }
  return reading.remaining === 0 ? spentHold(reading) : null;
}

/** Nothing is left of the window's calls. */
function spentHold(reading: Reading): NewHold {
  const message = "the server says that no call is left in this window";
  return rateHold(reading, message);
}

function rateHold(reading: Reading, message: string): NewHold {
  const saidMs = reading.toWaitMs ?? WAIT_MS_DEFAULT;
  const durationMs = Math.max(WAIT_MS_MIN, Math.min(saidMs, reading.windowMs ?? WAIT_MS_MAX));
  return { scope: "account", reason: "rate-limit", durationMs, message };
}

function limitedHold({ reading, message, chance }: CallFacts): NewHold {
  const { concurrencyLimit, concurrencyRunning, remaining } = reading;
  const isFull =
    concurrencyLimit !== null &&
    concurrencyRunning !== null &&
    concurrencyRunning >= concurrencyLimit;
  if (!isFull || remaining === null || remaining === 0) return rateHold(reading, message);
  const durationMs = Math.round(CONCURRENCY_WAIT_MS * (1 + chance));
  return { scope: "account", reason: "concurrency", durationMs, message };
}

/** 1, 2, 4 ... seconds up to five minutes, each between a half and the whole of it; never less than was asked for. */
function failureHold({ reading, failures, chance, message }: CallFacts): NewHold {
  const grownMs = Math.min(FAILURE_WAIT_MS_MAX, FAILURE_WAIT_MS * 2 ** Math.min(failures, 20));
  const jitteredMs = Math.round(grownMs * (0.5 + chance / 2));
  const askedMs = Math.min(reading.toWaitMs ?? 0, reading.windowMs ?? WAIT_MS_MAX);
  const durationMs = Math.max(jitteredMs, askedMs);
  return { scope: "account", reason: "unavailable", durationMs, message };
}

function refusedHold({ connector, message, refusals, isTrusted }: CallFacts): NewHold {
  const doubt = isTrusted
    ? ""
    : ", and none of this connector was ever accepted (is its UUID right, and is it enabled?)";
  const explained = `${refusals + 1} calls in a row were refused${doubt}; the last: ${message}`;
  return { scope: connector, reason: "refused", durationMs: null, message: explained };
}
