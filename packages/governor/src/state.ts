import type { BisectionCalls } from "./bisection.ts";
import type { EndedHold, Hold } from "./holds.ts";
import { defaultPolicy, type Policy } from "./policy.ts";

/** A right to have one call in flight, and who has it. */
export interface Slot {
  sender: string;
  reservedAtMs: number;
  /** After this the call is given up, though its sender lives. */
  deadlineMs: number;
}

/** Calls of ours that the server may count until a window after `atMs`. Those near to each other are kept as one. */
export interface ScoredCalls {
  atMs: number;
  count: number;
}

/** Room left because of others: it grows with each refusal, and shrinks while there is none. */
export interface Slack {
  count: number;
  /** When it last grew or shrank. */
  atMs: number;
}

/** Calls that fared alike, in a row; those in flight together are one. */
interface Trouble {
  inRow: number;
  /** When the newest was answered. */
  atMs: number;
}

/**
 * All that the governor of one account knows. Every decision is a pure function of it, of what happened, and of the
 * account's clock, which never goes back. It is plain JSON, and bounded whatever the limit is.
 */
export interface GovernorState {
  /** The number of the newest call. */
  callNumber: number;
  policy: Policy;
  /** What the server has told; null as long as it has not. */
  limit: number | null;
  windowMs: number | null;
  concurrency: number | null;
  remaining: number | null;
  /** When `remaining` was read. */
  readAtMs: number | null;
  /** Where the server tells only what remains: what may be reserved until it says more. */
  left: number | null;
  /** When the newest usable answer came; null: the next call is a probe. */
  answeredAtMs: number | null;
  /** Calls in the window that the server counts and we did not make. */
  foreign: number;
  /** Calls of the window, and slots, left free because of others. */
  slack: Slack;
  slotSlack: Slack;
  /** How many assets the accepted calls took of late; null before the first. */
  assetsPerCall: number | null;
  /** From request to answer, of late: the quickest call, and the mean; null before the first. */
  quickestMs: number;
  usualMs: number | null;
  calls: readonly ScoredCalls[];
  /** Calls whose sender died: they count as made at their deadline, unless a reading shows that they were not. */
  lost: readonly ScoredCalls[];
  slots: Readonly<Record<string, Slot>>;
  /** When the lease of each sender ends. */
  senders: Readonly<Record<string, number>>;
  lastCallAtMs: number;
  /** Whether calls are spread over the window now, and when the next is due by that pace. */
  isSpread: boolean;
  pacedAtMs: number;
  /** When the live lane was last used. */
  liveAtMs: number | null;
  /** Calls without a usable answer, one too many in the window, and one too many at once: each has its own clock. */
  failed: Trouble;
  limited: Trouble;
  crowded: Trouble;
  /** Calls for suspects of late, by connector. */
  bisection: Readonly<Record<string, BisectionCalls>>;
  /** Pauses in force, by "scope reason". */
  holds: Readonly<Record<string, Hold>>;
  /** Ended ones that no sender has told of. */
  untold: readonly EndedHold[];
}

/** Nothing is known yet. */
export const emptyState: GovernorState = Object.freeze({
  callNumber: 0,
  policy: defaultPolicy,
  limit: null,
  windowMs: null,
  concurrency: null,
  remaining: null,
  readAtMs: null,
  left: null,
  answeredAtMs: null,
  foreign: 0,
  slack: { count: 0, atMs: 0 },
  slotSlack: { count: 0, atMs: 0 },
  assetsPerCall: null,
  quickestMs: 0,
  usualMs: null,
  calls: [],
  lost: [],
  slots: {},
  senders: {},
  lastCallAtMs: 0,
  isSpread: false,
  pacedAtMs: 0,
  liveAtMs: null,
  failed: { inRow: 0, atMs: 0 },
  limited: { inRow: 0, atMs: 0 },
  crowded: { inRow: 0, atMs: 0 },
  bisection: {},
  holds: {},
  untold: [],
});

/**
 * Forgets what only the server knows: a restored or replaced store may lack calls that it still counts. The next call
 * is a probe, and its answer tells how things are.
 */
export function distrust(state: GovernorState): GovernorState {
  return { ...state, remaining: null, left: null, answeredAtMs: null, foreign: 0 };
}

/** What went wrong in a row is over; when it last did still tells which calls were in flight together. */
export function forgiveTrouble(state: GovernorState): GovernorState {
  const { failed, limited, crowded } = state;
  return {
    ...state,
    failed: { ...failed, inRow: 0 },
    limited: { ...limited, inRow: 0 },
    crowded: { ...crowded, inRow: 0 },
  };
}
