import type { Lane } from "@sluice/queue";

/*
 * Ids of the intake's runs say what they are, so that every process comes to the same one: `intake-default-live-20261122T14` for
 * an hour (UTC), `intake-default-live.nightly` for one that a client named. A connector's name has no dot.
 */

const HOUR_MS = 3_600_000;
const HOURLY =
  /^intake-[^.]+-(?:live|backfill)-(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)T(?<hour>\d\d)$/;

/** The run of one hour, counted from the epoch. */
export function hourlyRunId(connector: string, lane: Lane, hour: number): string {
  const stamp = new Date(hour * HOUR_MS).toISOString().slice(0, 13).replaceAll("-", "");
  return `intake-${connector}-${lane}-${stamp}`;
}

export function namedRunId(connector: string, lane: Lane, name: string): string {
  return `intake-${connector}-${lane}.${name}`;
}

/** Whether a client named the run, and so seals it. */
export function isNamedRun(id: string): boolean {
  return /^intake-[^.]+\./.test(id);
}

export function hourOf(nowMs: number): number {
  return Math.floor(nowMs / HOUR_MS);
}

/** When the hour of a run ends, in milliseconds since the epoch; null for any other run. */
export function hourEndMs(id: string): number | null {
  const { year, month, day, hour } = HOURLY.exec(id)?.groups ?? {};
  if (year === undefined) return null;
  return Date.parse(`${year}-${month}-${day}T${hour}:00:00Z`) + HOUR_MS;
}
