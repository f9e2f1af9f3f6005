const ISO_8601 =
  /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/i;
const EPOCH = /^\d{9,13}(?:\.\d{1,9})?$/;

/** Below it, a count since 1970 is of seconds (until the year 5138), above of milliseconds (since 1973). */
const EPOCH_SECONDS_END = 1e11;

/** How an instant is sent. Qualys documents a string; the one public client sends milliseconds. */
export type DateFormat = "epoch-ms" | "epoch-ms-string" | "iso-8601";

/**
 * The instant in ms since 1970 that ISO 8601 text (a date alone is midnight UTC) or a count of
 * seconds or milliseconds denotes. `null` for all else: a time without its zone is not guessed.
 */
export function instantMs(text: string): number | null {
  const trimmed = text.trim();
  if (EPOCH.test(trimmed)) {
    const count = Number(trimmed);
    return Math.round(count < EPOCH_SECONDS_END ? count * 1000 : count);
  }
  const ms = ISO_8601.test(trimmed) ? Date.parse(trimmed.toUpperCase().replace(" ", "T")) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

export function formatInstant(ms: number, format: DateFormat): number | string {
  if (format === "epoch-ms") return ms;
  return format === "iso-8601" ? new Date(ms).toISOString() : String(ms);
}
