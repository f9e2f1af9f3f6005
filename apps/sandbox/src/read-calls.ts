import type { Account } from "./account.ts";
import { failure, ok, type Answer } from "./answer.ts";
import {
  readAssetId,
  readPage,
  readQuery,
  readShownFields,
  updatedSince,
  type ShownFields,
} from "./asset-query.ts";
import type { AdmittedCall } from "./endpoint.ts";
import { countAssets, joined, listAssets } from "./inventory/asset-filter.ts";
import type { AssetRow } from "./inventory/assets.ts";
import { toListed } from "./listed-asset.ts";

// The envelopes are those that public clients have captured.
const success = { responseMessage: "Success", responseCode: "SUCCESS" };
const tooLarge = failure(413, "The body is too large");

/** `POST /rest/2.0/search/am/asset`: one page of the assets that fit, by id; 204 when there is none. */
export function answerSearch(account: Account, call: AdmittedCall): Answer {
  if (call.body === null) return tooLarge;
  const query = readQuery(call.body);
  if (query.kind === "refused") return failure(400, query.message);
  const page = readPage(call.query);
  if (page.kind === "refused") return failure(400, page.message);
  const shown = readShownFields(call.query);
  if (shown.kind === "refused") return failure(400, shown.message);
  const { lastSeenAssetId: afterId, pageSize, assetLastUpdated } = page.value;
  const condition = joined([query.value, updatedSince(assetLastUpdated)], "AND");
  // One more than the page holds tells whether there is another page.
  const limit = pageSize + 1;
  const found = listAssets(account.database, condition, { afterId, limit, order: "oldest" });
  const hasMore = found.length > pageSize;
  return answerPage(account, found.slice(0, pageSize), hasMore, shown.value);
}

/** `POST /rest/2.0/count/am/asset`: how many assets fit. */
export function answerCount({ database }: Account, { body }: AdmittedCall): Answer {
  if (body === null) return tooLarge;
  const query = readQuery(body);
  if (query.kind === "refused") return failure(400, query.message);
  return ok({ ...success, count: countAssets(database, query.value) });
}

/** `POST /rest/2.0/get/am/asset?assetId=`: one asset; 204 when there is none with that id. */
export function answerGet(account: Account, { query }: AdmittedCall): Answer {
  const read = readAssetId(query);
  if (read.kind === "refused") return failure(400, read.message);
  const shown = readShownFields(query);
  if (shown.kind === "refused") return failure(400, shown.message);
  const asset = account.inventory.assets.find(read.value.assetId);
  return answerPage(account, asset === undefined ? [] : [asset], false, shown.value);
}

function answerPage(
  account: Account,
  assets: readonly AssetRow[],
  hasMore: boolean,
  shown: ShownFields,
): Answer {
  const last = assets.at(-1);
  if (last === undefined) return { kind: "answer", status: 204 };
  return ok({
    ...success,
    count: assets.length,
    hasMore: hasMore ? 1 : 0,
    lastSeenAssetId: last.id,
    assetListData: { asset: assets.map((asset) => show(toListed(account, asset), shown)) },
  });
}

/** The fields that are not wanted are null: public clients have seen them so, and count on their being there. */
function show(
  asset: Readonly<Record<string, unknown>>,
  { includeFields, excludeFields = [] }: ShownFields,
): Readonly<Record<string, unknown>> {
  if (includeFields === undefined && excludeFields.length === 0) return asset;
  const wanted = new Set(includeFields ?? Object.keys(asset));
  for (const name of excludeFields) wanted.delete(name);
  return Object.fromEntries(
    Object.entries(asset).map(([name, value]) => [
      name,
      wanted.has(name) || name === "assetId" ? value : null,
    ]),
  );
}
