import { ASSET_NAMES, ASSET_TABLE, nameOf, valueOf } from "./field-names.ts";
import type { JsonObject } from "./json-object.ts";
import { isExact } from "./exact-number.ts";
import { quoted } from "./quoted.ts";
import type { RecordMistake } from "./record-mistake.ts";

/** What can't be mapped. */
export interface Refusal extends RecordMistake {
  kind: "refusal";
  /** What else can't. */
  others?: readonly RecordMistake[];
}

/**
 * The key under which the source knows a record: the text or number in the first of `keyFields` that
 * holds one, verbatim. A key that would not come out as it is in the source is refused: two
 * assets could become one.
 */
export function sourceKey(
  record: JsonObject,
  fields: JsonObject,
  keyFields: readonly string[],
): { kind: "key"; key: string } | { kind: "none" } | Refusal {
  for (const path of keyFields) {
    const value = Object.hasOwn(ASSET_NAMES, path) ? fields[path] : valueOf(record, path);
    if (typeof value !== "string" && typeof value !== "number") continue;
    const complaint = complaintAbout(value);
    if (complaint === null) return { kind: "key", key: String(value) };
    const message = `Cannot use ${quoted(value)} as a key: ${complaint}`;
    return { kind: "refusal", path: nameOf(path, record, ASSET_TABLE), message };
  }
  return { kind: "none" };
}

function complaintAbout(key: string | number): string | null {
  if (typeof key === "string") return key.isWellFormed() ? null : "it is not well-formed Unicode";
  return isExact(key) ? null : "it is a number too large to be exact; write it as text";
}
