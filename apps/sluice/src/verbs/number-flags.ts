import { InvalidArgumentError } from "commander";

/** For flags: a whole number from 1. */
export function countOf(text: string): number {
  return numberWithin(text, 1);
}

/** For flags: a whole number from 0. */
export function wholeNumber(text: string): number {
  return numberWithin(text, 0);
}

/** For flags: a port, or 0 for any that is free. */
export function portOf(text: string): number {
  return numberWithin(text, 0, 65_535);
}

const UNIT_MS = new Map([
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** For flags: an age such as `90m`, `24h` or `7d`, in milliseconds. */
export function ageOf(text: string): number {
  const [, count, unit = ""] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const unitMs = UNIT_MS.get(unit);
  if (unitMs === undefined) throw new InvalidArgumentError("Use an age such as 90m, 24h or 7d.");
  return Number(count) * unitMs;
}

function numberWithin(text: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  throw new InvalidArgumentError(`Use a whole number ${range}.`);
}
