import type { Table } from "./mapping-schema.ts";

/** A lookup whose keys are compared without regard to case and to spaces around them. */
export type LookupTable = ReadonlyMap<string, Table[string]>;

/** A table as a lookup; the name of an entry that two keys would share is a mistake. */
export function lookupTable(
  table: Table,
): { kind: "table"; table: LookupTable } | { kind: "twice"; key: string } {
  const entries = new Map<string, Table[string]>();
  for (const [key, value] of Object.entries(table)) {
    if (entries.has(foldedKey(key))) return { kind: "twice", key };
    entries.set(foldedKey(key), value);
  }
  return { kind: "table", table: entries };
}

export function foldedKey(value: unknown): string {
  return String(value).trim().toLowerCase();
}
