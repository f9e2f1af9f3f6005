import type { ImportedAsset } from "../asset-schema.ts";

type Json = Readonly<Record<string, unknown>>;

/** What becomes of things that a later push of the same record lacks; the platform's documentation does not say. */
export interface AbsentPolicy {
  /** Of software and ports. */
  readonly absentItems: "remove" | "keep";
  /** Of findings; `fix` sets their status to FIXED. */
  readonly absentFindings: "remove" | "keep" | "fix";
}

/** What a record has beside what was sent last. */
export interface Kept {
  readonly softwares: readonly Json[];
  readonly ports: readonly Json[];
  readonly findings: readonly Json[];
}

/** A record with what was kept: its last push, and what that lacks. */
export interface RecordContent {
  readonly received: ImportedAsset;
  readonly kept: Kept | null;
}

/** By what a thing is known within its asset. */
export const itemKeys = {
  softwares: (item: Json) => keyOf(item["name"], item["version"]),
  ports: (item: Json) => keyOf(item["port"], item["protocol"]),
  findings: (item: Json) => keyOf(item["id"], item["port"], item["protocol"]),
} as const;

/** The things of one kind that were sent. */
export function sentItems(received: ImportedAsset, kind: keyof Kept): readonly Json[] {
  return (kind === "findings" ? received.findings : received.coreAttributes?.[kind]) ?? [];
}

/** What of `before` is kept when `received` replaces it; `null` where that is nothing. */
export function keepAbsent(
  before: RecordContent,
  received: ImportedAsset,
  { absentItems, absentFindings }: AbsentPolicy,
): Kept | null {
  const absent = (kind: keyof Kept) => {
    const present = new Set(sentItems(received, kind).map(itemKeys[kind]));
    const known = [...sentItems(before.received, kind), ...(before.kept?.[kind] ?? [])];
    return known.filter((item) => !present.has(itemKeys[kind](item)));
  };
  const kept: Kept = {
    softwares: absentItems === "keep" ? absent("softwares") : [],
    ports: absentItems === "keep" ? absent("ports") : [],
    findings:
      absentFindings === "remove"
        ? []
        : absent("findings").map((finding) =>
            absentFindings === "fix" ? { ...finding, findingStatus: "FIXED" } : finding,
          ),
  };
  const count = kept.softwares.length + kept.ports.length + kept.findings.length;
  return count === 0 ? null : kept;
}

function keyOf(...parts: readonly unknown[]): string {
  let key = "";
  for (const part of parts) key += `${textOf(part)}\n`;
  return key;
}

function textOf(part: unknown): string {
  return typeof part === "string" ? part.toLowerCase() : JSON.stringify(part ?? null);
}
