import { transformRecord, type MappingPolicy } from "@sluice/inventory";
import type { SourceRecord } from "@sluice/sources";

/**
 * Tells behind which record to stop, so that as many different assets as wanted are enqueued; records that can't be mapped
 * are not counted.
 */
export function firstAssets(
  count: number,
  policy: MappingPolicy,
): (record: SourceRecord) => boolean {
  const keys = new Set<string>();
  return (record) => {
    if (record.kind !== "record") return false;
    const transformed = transformRecord(record.text, policy);
    if (transformed.kind === "asset") keys.add(transformed.key);
    return keys.size >= count;
  };
}
