import { isDisabling } from "@sluice/governor";
import type { Hold } from "@sluice/queue";
import type { AccountSettings } from "../config/account-settings.ts";
import { scopeText } from "../connector-names.ts";
import { clockText, spanText, type Terminal } from "./terminal.ts";

/** A shorter hold is over before anyone has read of it. */
const TOLD_MS_MIN = 1_000;

/**
 * Tells of holds, as they are seen from look to look: a line when one begins, and one when sending goes on. Unless a
 * person watches, only of those that wait for somebody; the log has the others.
 *
 * @param whose what is held, where it is not all there is
 */
export function createHoldNotes(
  terminal: Terminal,
  whose: (hold: Hold) => string | null = () => null,
): (holds: readonly Hold[], nowMs: number) => void {
  const told = new Set<string>();
  let heldSinceMs: number | null = null;
  return (holds, nowMs) => {
    const shown = holds.filter((hold) => isShown(hold, terminal));
    for (const hold of shown) {
      const name = `${hold.scope} ${hold.reason} ${hold.sinceMs}`;
      if (told.has(name)) continue;
      told.add(name);
      heldSinceMs = Math.min(heldSinceMs ?? Infinity, hold.sinceMs);
      terminal.note(holdLine(hold, whose(hold)));
    }
    if (shown.length > 0 || heldSinceMs === null) return;
    terminal.note(`resumed after ${spanText(Math.max(0, nowMs - heldSinceMs))}`);
    heldSinceMs = null;
    told.clear();
  };
}

/** A hold for people: `held until 21:14:05 (rate-limit): ...`, behind what is held where that is said. */
export function holdLine(hold: Hold, whose: string | null = null): string {
  return `${whose === null ? "" : `${whose} is `}held until ${endOf(hold)} (${hold.reason}): ${hold.message}`;
}

/** What a hold of an account holds, where that is not all there is: one of several accounts, or of several connectors. */
export function ownerOf(
  { scope }: Hold,
  account: Pick<AccountSettings, "name" | "connectors">,
  isOnly: boolean,
): string | null {
  const isAll = isOnly && (scope === "account" || account.connectors.length === 1);
  return isAll ? null : scopeText(scope, account, isOnly);
}

/** When a hold ends, or what ends it. */
export function endOf({ untilMs, reason }: Pick<Hold, "untilMs" | "reason">): string {
  if (untilMs !== null) return clockText(untilMs);
  if (reason === "disabled-in-file") return "enabled: true in its configuration";
  return isDisabling(reason) ? "sluice connectors enable" : "sluice resume";
}

function isShown({ untilMs, sinceMs }: Hold, { isWatched }: Terminal): boolean {
  return untilMs === null || (isWatched && untilMs - sinceMs >= TOLD_MS_MIN);
}

/**
 * Whether work has to stop for a hold: it won't end before somebody has put something right. A pause is no such hold:
 * whoever paused means to resume.
 */
export function isBlocking({ untilMs, reason }: Hold): boolean {
  return untilMs === null && reason !== "operator";
}
