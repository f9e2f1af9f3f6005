import { REFUSALS_MAX } from "./doubt.ts";
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
  | "dead-letters"
  | "operator"
  | DisablingReason;

/** A connector that takes nothing and sends nothing: an operator, or the configuration file, has said so. */
export type DisablingReason = "disabled" | "disabled-in-file";

/** What decides about a pause after a call. */
export interface CallFacts {
  /** The kind of its verdict, what refused it if it was limited, and what was said. */
  outcome: string;
  cause: "rate" | "concurrency";
  message: string;
  reading: Reading;
  connector: string;
  /** Calls in a row, with this one, that brought no usable answer, or were too many; calls in flight together are one. */
  inRow: number;
  /** The window and its limit, where they are known. */
  windowMs: number | null;
  limit: number | null;
  /** From request to answer: the server said how long to wait at most that long ago. */
  elapsedMs: number;
  /** When our own window has room again, where that explains why the server has no call left; else null. */
  explainedMs: number | null;
  /** Calls of the connector in a row, before this one, that were refused. */
  refusals: number;
  /** Whether there is a canary of the connector, or an operator has vouched for it. */
  isTrusted: boolean;
  /** Whether what was sent was an asset that Qualys had taken before. */
  isCanary: boolean;
  /** Whether the call has raised a doubt about its batch, so that nothing is concluded yet. */
  isDoubtful: boolean;
  /** From 0 up to 1: spreads the waits of several senders. */
  chance: number;
}

/** The seed's own default where a server that refuses does not say how long. */
const WAIT_MS_DEFAULT = 60_000;
/** A wait is never taken longer than the window it comes from, or this where none is known. */
const WAIT_MS_MAX = 24 * 3_600_000;
/** The wait after a refusal that names none, or none worth the name; it doubles while calls are refused. */
const WAIT_MS_MIN = 250;
const CONCURRENCY_WAIT_MS_MAX = 10_000;
/** A server tells waits in whole seconds, rounded either way. */
const ROUNDING_MS = 1_000;
/** A shorter pause, or one of a few calls' pace, is how a full window is used, and no hold. */
const PAUSE_MS_MIN = 1_000;
const PAUSE_CALLS_MIN = 3;
const FAILURE_WAIT_MS = 1_000;
const FAILURE_WAIT_MS_MAX = 300_000;
/** A batch and one asset from each of its quarters, all refused, before anything was ever accepted. */
const FIRST_REFUSALS_MAX = 5;

/**
 * The hold that follows from one answer, or null. It stands beside the verdict: a call can be accepted and yet be the
 * last one for an hour.
 */
export function holdAfter(facts: CallFacts): NewHold | null {
  const { outcome, message } = facts;
  switch (outcome) {
    case "limited":
      return limitedHold(facts);
    case "forbidden":
      if (facts.isDoubtful) break;
      return { scope: "account", reason: "credentials", durationMs: null, message };
    case "wrong-address":
      return { scope: "account", reason: "wrong-address", durationMs: null, message };
    case "unavailable":
    case "unknown":
      return failureHold(facts);
    case "refused":
      if (isConnectorRefused(facts)) return refusedHold(facts);
      break;
    default:
      break;
  }
  return isSpent(facts) ? spentHold(facts) : null;
}

/** Refused is not what was sent, but whoever sends it: the connector does not exist, is disabled, or takes another form. */
function isConnectorRefused({ isCanary, isDoubtful, isTrusted, refusals }: CallFacts): boolean {
  if (isCanary) return true;
  return !isDoubtful && refusals + 1 >= (isTrusted ? REFUSALS_MAX : FIRST_REFUSALS_MAX);
}

/** Where only what remains is told, the last call may be the answered one, if a wait is told with it. */
function isSpent({ reading: { remaining, toWaitMs }, limit }: CallFacts): boolean {
  return (
    remaining === 0 || (remaining === 1 && limit === null && toWaitMs !== null && toWaitMs > 0)
  );
}

/** Nothing is left of the window's calls: until our own window has room, if that is why, else until the server's word. */
function spentHold(facts: CallFacts): NewHold | null {
  const { explainedMs, elapsedMs, limit, windowMs } = facts;
  const saidMs = facts.reading.toWaitMs;
  const isExplained =
    explainedMs !== null &&
    (saidMs === null || Math.abs(saidMs - explainedMs) <= ROUNDING_MS + elapsedMs);
  const durationMs = isExplained ? explainedMs : waitMs(facts);
  const usualMs = limit === null || windowMs === null ? 0 : (PAUSE_CALLS_MIN * windowMs) / limit;
  if (isExplained && durationMs < Math.max(PAUSE_MS_MIN, usualMs)) return null;
  const message = "the server says that no call is left in this window";
  return { scope: "account", reason: "rate-limit", durationMs, message };
}

/** What the server asks for: never longer than the window, never shorter than what has shown to be too short. */
function waitMs({ reading, windowMs, inRow }: CallFacts): number {
  const longestMs = windowMs ?? WAIT_MS_MAX;
  const grownMs = grown(WAIT_MS_MIN, inRow, WAIT_MS_DEFAULT);
  return Math.min(Math.max(reading.toWaitMs ?? WAIT_MS_DEFAULT, grownMs), longestMs);
}

function limitedHold(facts: CallFacts): NewHold {
  const { cause, message, chance, inRow } = facts;
  if (cause === "rate") {
    return { scope: "account", reason: "rate-limit", durationMs: waitMs(facts), message };
  }
  const grownMs = grown(WAIT_MS_MIN, inRow, CONCURRENCY_WAIT_MS_MAX / 2);
  const durationMs = Math.round(grownMs * (1 + chance));
  return { scope: "account", reason: "concurrency", durationMs, message };
}

/** Doubles with each time after the first, up to a bound. */
function grown(onceMs: number, inRow: number, longestMs: number): number {
  return Math.min(longestMs, onceMs * 2 ** Math.max(0, Math.min(inRow - 1, 30)));
}

/** 1, 2, 4 ... seconds up to five minutes, each between a half and the whole of it; never less than was asked for. */
function failureHold({ reading, windowMs, inRow, chance, message }: CallFacts): NewHold {
  const grownMs = grown(FAILURE_WAIT_MS, inRow, FAILURE_WAIT_MS_MAX);
  const jitteredMs = Math.round(grownMs * (0.5 + chance / 2));
  const askedMs = Math.min(reading.toWaitMs ?? 0, windowMs ?? WAIT_MS_MAX);
  const durationMs = Math.max(jitteredMs, askedMs);
  return { scope: "account", reason: "unavailable", durationMs, message };
}

function refusedHold({ connector, message, refusals, isTrusted, isCanary }: CallFacts): NewHold {
  if (isCanary) {
    const again = `an asset that Qualys took before is refused now, so it is not the data: ${message}`;
    return { scope: connector, reason: "refused", durationMs: null, message: again };
  }
  const doubt = isTrusted
    ? ""
    : ", and none of this connector was ever accepted (is its UUID right, and is it enabled?)";
  const explained = `${refusals + 1} calls in a row were refused${doubt}; the last: ${message}`;
  return { scope: connector, reason: "refused", durationMs: null, message: explained };
}
