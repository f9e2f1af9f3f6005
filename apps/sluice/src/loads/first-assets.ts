import type { Transform } from "@sluice/inventory";
import type { SourceRecord } from "@sluice/sources";

/**
 * Tells behind which record to stop, so that as many different assets as wanted are enqueued; records that can't be mapped
 * are not counted.
 */
export function firstAssets(
  count: number,
  transform: Transform,
): (record: SourceRecord) => Promise<boolean> {
  const keys = new Set<string>();
  return async (record) => {
    if (record.kind !== "record") return false;
    const transformed = await transform(record.text);
    if (transformed.kind === "asset") keys.add(transformed.key);
    return keys.size >= count;
  };
}
