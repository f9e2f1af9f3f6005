import type { Answer } from "./answer.ts";
import { isJsonObject } from "@sluice/inventory";
import { parseJson } from "./json.ts";

/** One condition on assets, such as `{field: "asset.name", operator: "EQUALS", value: "web-1"}`. */
export interface AssetFilter {
  field: string;
  operator: string;
  value: string;
}

export interface AssetQuery {
  /** All of them have to hold. None: every asset. */
  filters?: readonly AssetFilter[];
}

export interface AssetSearch extends AssetQuery {
  /** @default 100; Qualys gives at most 300 */
  pageSize?: number;
  /** The `lastSeenAssetId` of the page before. */
  lastSeenAssetId?: string;
}

/** A page of Qualys's inventory, its assets as Qualys has them. */
export interface AssetPage {
  assets: readonly Readonly<Record<string, unknown>>[];
  hasMore: boolean;
  /** Where the next page begins; `null` on an empty page. */
  lastSeenAssetId: string | null;
}

const pageSizeMax = 300;

/** The body for a query; empty when every asset is meant. */
export function queryBody({ filters = [] }: AssetQuery): string {
  return filters.length === 0 ? "" : JSON.stringify({ filters, operation: "AND" });
}

/** The parameters of a page's address. */
export function pageQuery(search: AssetSearch): Record<string, string> {
  const { pageSize = 100, lastSeenAssetId } = search;
  return {
    pageSize: String(Math.min(pageSize, pageSizeMax)),
    ...(lastSeenAssetId === undefined ? {} : { lastSeenAssetId }),
  };
}

/** Reads `{count}`; `undefined` when the answer is none. Qualys answers 204 when nothing is there. */
export function readCount({ status, body }: Answer): number | undefined {
  const json = status === 204 ? { count: 0 } : parseJson(body);
  const count = isJsonObject(json) ? Number(json["count"]) : Number.NaN;
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

/** Reads a page of a search; `undefined` when the answer is none. */
export function readPage({ status, body }: Answer): AssetPage | undefined {
  if (status === 204) {
    return { assets: [], hasMore: false, lastSeenAssetId: null };
  }
  const json = parseJson(body);
  const list = isJsonObject(json) ? json["assetListData"] : undefined;
  const assets = isJsonObject(list) ? list["asset"] : undefined;
  if (!isJsonObject(json) || !Array.isArray(assets)) {
    return undefined;
  }
  const last = json["lastSeenAssetId"];
  return {
    assets: assets.filter(isJsonObject),
    hasMore: Number(json["hasMore"]) === 1,
    lastSeenAssetId: typeof last === "number" || typeof last === "string" ? String(last) : null,
  };
}
