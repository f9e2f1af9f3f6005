import type { AssetErrorShape } from "../behaviour.ts";
import type { ImportedAsset } from "../asset-schema.ts";
import { summarise } from "../inventory/summary.ts";

/** An asset that a call's answer refuses. */
export interface RefusedAsset {
  /** Its place in the call, from 0. */
  readonly index: number;
  readonly asset: ImportedAsset;
  readonly message: string;
}

/**
 * The members of an import's answer that tell of refused assets. How the platform does is not documented: these are the
 * shapes that public clients look for.
 */
export function assetErrors(
  refused: readonly RefusedAsset[],
  shape: AssetErrorShape,
): { status: number; members: Readonly<Record<string, unknown>> } {
  const status = shape === "multi-status" && refused.length > 0 ? 207 : 200;
  if (refused.length === 0) return { status, members: { assetsError: {} } };
  return { status, members: { assetsError: shapes[shape](refused) } };
}

const shapes: Readonly<Record<AssetErrorShape, (refused: readonly RefusedAsset[]) => unknown>> = {
  map: byKey((message) => message),
  "multi-status": byKey((message) => message),
  "map-of-objects": byKey((message) => ({ message })),
  index: (refused) =>
    Object.fromEntries(refused.map(({ index, message }) => [String(index), message])),
  failed: (refused) => ({ failed: listed(refused) }),
  errors: (refused) => ({ errors: listed(refused) }),
  "host-name": (refused) => ({
    errors: refused.map(({ asset, message }) => ({ hostName: summarise(asset).name, message })),
  }),
  text: (refused) => ({ message: `${refused.length} assets were refused` }),
};

function byKey(toValue: (message: string) => unknown) {
  return (refused: readonly RefusedAsset[]) =>
    Object.fromEntries(refused.map(({ asset, message }) => [keyOf(asset), toValue(message)]));
}

function listed(refused: readonly RefusedAsset[]): unknown[] {
  return refused.map(({ asset, message }) => ({ sourceNativeKey: keyOf(asset), message }));
}

function keyOf(asset: ImportedAsset): string {
  return asset.identityAttributes.sourceNativeKey;
}
