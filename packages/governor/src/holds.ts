import type { DisablingReason, NewHold } from "./hold-after.ts";
import { forgiveTrouble, type GovernorState } from "./state.ts";

/** A pause of sending that is in force. */
export interface Hold {
  sinceMs: number;
  /** Null: until an operator ends it. */
  untilMs: number | null;
  message: string;
}

/** What ended a hold. */
export type EndCause = "time" | "operator" | "credentials" | "room";

export interface EndedHold extends Hold {
  scope: string;
  reason: string;
  endedMs: number;
  cause: EndCause;
}

const UNTOLD_MAX = 100;

/** Begins a hold, or lengthens the one of the same scope and reason; a shorter one changes nothing. */
export function beginHold(
  state: GovernorState,
  { scope, reason, durationMs, message }: NewHold,
  nowMs: number,
): { state: GovernorState; isNew: boolean } {
  const name = `${scope} ${reason}`;
  const before = state.holds[name];
  const untilMs = durationMs === null ? null : nowMs + durationMs;
  if (before && !isLater(untilMs, before.untilMs)) return { state, isNew: false };
  const hold = { sinceMs: before?.sinceMs ?? nowMs, untilMs, message };
  return { state: { ...state, holds: { ...state.holds, [name]: hold } }, isNew: !before };
}

/** Ends the holds whose time is over. */
export function expireHolds(state: GovernorState, nowMs: number): GovernorState {
  return endWhere(state, nowMs, "time", (_, { untilMs }) => untilMs !== null && untilMs <= nowMs);
}

/**
 * Ends all holds, or those of one reason or scope, by somebody's word; failures and refusals are forgiven. A disabled
 * connector stays disabled.
 */
export function endHolds(
  state: GovernorState,
  nowMs: number,
  cause: "operator" | "credentials",
  which: { reason?: string | undefined; scope?: string | undefined } = {},
): GovernorState {
  return endWhere(forgiveTrouble(state), nowMs, cause, (name) => {
    const { scope, reason } = partsOf(name);
    if (isDisabling(reason) || (which.scope ?? scope) !== scope) return false;
    return (which.reason ?? reason) === reason;
  });
}

/** Lets a disabled connector take and send again, as far as this reason is concerned. */
export function enableConnector(
  state: GovernorState,
  nowMs: number,
  connector: string,
  reason: DisablingReason,
): GovernorState {
  return endWhere(state, nowMs, "operator", (name) => name === `${connector} ${reason}`);
}

/** Whether a hold of that reason also keeps its connector from taking anything. */
export function isDisabling(reason: string): reason is DisablingReason {
  return reason === "disabled" || reason === "disabled-in-file";
}

/** Ends one hold, by its name, because its reason is gone; the same state when it is not in force. */
export function endHold(
  state: GovernorState,
  nowMs: number,
  cause: EndCause,
  name: string,
): GovernorState {
  return endWhere(state, nowMs, cause, (one) => one === name);
}

/** Hands out the ended holds that nobody has told of, once. */
export function takeUntold(state: GovernorState): {
  state: GovernorState;
  ended: readonly EndedHold[];
} {
  return { state: { ...state, untold: [] }, ended: state.untold };
}

/** The hold that keeps a scope back the longest, with its name, or null. Holds that are over do not count. */
export function longestHold(
  state: GovernorState,
  scope: string,
  nowMs: number,
): { name: string; hold: Hold } | null {
  let longest: { name: string; hold: Hold } | null = null;
  for (const [name, hold] of Object.entries(state.holds)) {
    if (partsOf(name).scope !== scope || (hold.untilMs !== null && hold.untilMs <= nowMs)) continue;
    if (longest === null || isLater(hold.untilMs, longest.hold.untilMs)) longest = { name, hold };
  }
  return longest;
}

/** A hold's name is "scope reason". */
export function partsOf(name: string): { scope: string; reason: string } {
  const space = name.indexOf(" ");
  return { scope: name.slice(0, space), reason: name.slice(space + 1) };
}

function endWhere(
  state: GovernorState,
  nowMs: number,
  cause: EndCause,
  isOver: (name: string, hold: Hold) => boolean,
): GovernorState {
  const all = Object.entries(state.holds);
  const over = all.filter(([name, hold]) => isOver(name, hold));
  if (over.length === 0) return state;
  const holds = Object.fromEntries(all.filter(([name, hold]) => !isOver(name, hold)));
  const ended = over.map(([name, hold]) => ({ ...partsOf(name), ...hold, endedMs: nowMs, cause }));
  return { ...state, holds, untold: [...state.untold, ...ended].slice(-UNTOLD_MAX) };
}

function isLater(untilMs: number | null, thanMs: number | null): boolean {
  return thanMs !== null && (untilMs === null || untilMs > thanMs);
}
