const CHARS_MAX = 80;

/** A value as a message shows it: a scalar as JSON, cut where it is long; of the rest only the kind. */
export function quoted(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const json = JSON.stringify(value) ?? "nothing";
  return json.length <= CHARS_MAX ? json : `${json.slice(0, CHARS_MAX)}...`;
}
