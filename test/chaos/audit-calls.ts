import type { SandboxCall } from "@sluice/sandbox";
import type { Disturbance, Silence } from "./journal.ts";

/** A permit is used within this, or not at all; and what the way to the gateway may take on top. */
const PERMIT_MS_MAX = 5_000;
/** What a sender could not know, it knows after this: no window of a plan is longer, no call runs on for longer. */
const FORGIVEN_MS = 8_000;
/** As many calls may be on their way when it happens. */
const FORGIVEN_CALLS = 4;

/**
 * Invariant (d): calls that the sandbox's limits refuse, by its own count of a rolling window. A few are forgiven, directly
 * after what no sender can know.
 */
export function auditLimits(
  calls: readonly SandboxCall[],
  disturbances: readonly Disturbance[],
): string[] {
  const refused = calls.filter(({ admission }) => EXCUSES.has(admission));
  const excused = new Map<Disturbance, number>();
  return refused.flatMap(({ number, admission, atMs, inWindow, limit }) => {
    const excuse = disturbances.find(
      (one) =>
        EXCUSES.get(admission)?.includes(one.kind) &&
        atMs >= one.atMs &&
        atMs <= one.atMs + FORGIVEN_MS &&
        (excused.get(one) ?? 0) < FORGIVEN_CALLS,
    );
    if (excuse === undefined) {
      return [
        `call ${number} was refused for its ${admission} (${inWindow} of ${limit} in the window)`,
      ];
    }
    excused.set(excuse, (excused.get(excuse) ?? 0) + 1);
    return [];
  });
}

/** What may have brought about which refusal. */
const EXCUSES = new Map<string, readonly string[]>([
  ["rate", ["limits", "redis"]],
  ["concurrency", ["limits", "redis", "sender"]],
]);

/** Invariant (e): no call arrives in a hold, but those whose permit is older than the hold. */
export function auditSilences(
  calls: readonly SandboxCall[],
  silences: readonly Silence[],
  resumes: readonly number[],
): string[] {
  return silences.flatMap(({ why, fromMs, untilMs }) => {
    const endsMs = why === "disabled" ? [] : resumes.filter((atMs) => atMs > fromMs);
    const endMs = Math.min(untilMs ?? Infinity, ...endsMs);
    return calls
      .filter(({ atMs }) => atMs > fromMs + PERMIT_MS_MAX && atMs < endMs)
      .map(({ number }) => `call ${number} was made in a hold (${why})`);
  });
}

/** The same request is the same delivery: an id never carries other assets. */
export function auditRequests(calls: readonly SandboxCall[]): string[] {
  const contents = new Map<string, string>();
  const problems: string[] = [];
  for (const { number, requestId, keys } of calls) {
    if (requestId === null || keys === null) continue;
    const content = keys.join(" ");
    if ((contents.get(requestId) ?? content) !== content) {
      problems.push(
        `call ${number} carries other assets than the call before with request ${requestId}`,
      );
    }
    contents.set(requestId, content);
  }
  return problems;
}

interface HeldLine {
  time: string;
  event: string;
  scope?: string;
  reason?: string;
  message?: string;
  until?: string | null;
}

/** The holds that senders have told of. One that ends with credentials that work is left out: a restart ends it. */
export function silencesIn(log: string): Silence[] {
  return log
    .split("\n")
    .filter((line) => line.startsWith("{") && line.includes('"send.held"'))
    .map((line) => JSON.parse(line) as HeldLine)
    .filter(({ reason }) => reason !== "credentials")
    .map(({ time, reason = "", until = null }) => ({
      why: reason,
      fromMs: Date.parse(time),
      untilMs: until === null ? null : Date.parse(until),
    }));
}
