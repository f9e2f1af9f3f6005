import type { Account } from "./account.ts";
import { failure, type Answer } from "./answer.ts";
import { readAssetId, readPage, readQuery } from "./asset-query.ts";
import type { AdmittedCall } from "./endpoint.ts";
import type { SandboxAsset } from "./inventory.ts";

// The envelopes are those that public clients have captured.
const success = { responseMessage: "Success", responseCode: "SUCCESS" };
const tooLarge = failure(413, "The body is too large");

/** `POST /rest/2.0/search/am/asset`: one page of the assets that fit, by id; 204 when there is none. */
export function answerSearch(
  { inventory }: Account,
  { query: pageQuery, body }: AdmittedCall,
): Answer {
  if (body === null) return tooLarge;
  const query = readQuery(body);
  if (query.kind === "refused") return failure(400, query.message);
  const page = readPage(pageQuery);
  if (page.kind === "refused") return failure(400, page.message);
  const { lastSeenAssetId, pageSize } = page.value;
  // One more than the page holds tells whether there is another page.
  const found = inventory
    .assetsAfter(lastSeenAssetId)
    .filter(query.value)
    .take(pageSize + 1)
    .toArray();
  return answerPage(found.slice(0, pageSize), found.length > pageSize);
}

/** `POST /rest/2.0/count/am/asset`: how many assets fit. */
export function answerCount({ inventory }: Account, { body }: AdmittedCall): Answer {
  if (body === null) return tooLarge;
  const query = readQuery(body);
  if (query.kind === "refused") return failure(400, query.message);
  let count = 0;
  for (const asset of inventory.assetsAfter(0)) if (query.value(asset)) count += 1;
  return { kind: "answer", status: 200, body: { ...success, count } };
}

/** `POST /rest/2.0/get/am/asset?assetId=`: one asset; 204 when there is none with that id. */
export function answerGet({ inventory }: Account, { query }: AdmittedCall): Answer {
  const read = readAssetId(query);
  if (read.kind === "refused") return failure(400, read.message);
  const asset = inventory.assetById(read.value.assetId);
  return answerPage(asset === undefined ? [] : [asset], false);
}

function answerPage(assets: readonly SandboxAsset[], hasMore: boolean): Answer {
  const last = assets.at(-1);
  if (last === undefined) return { kind: "answer", status: 204 };
  const body = {
    ...success,
    count: assets.length,
    hasMore: hasMore ? 1 : 0,
    lastSeenAssetId: last.id,
    assetListData: { asset: assets.map(toListed) },
  };
  return { kind: "answer", status: 200, body };
}

/** `connectorUuid`, `sourceNativeKey` and `received` are the sandbox's own: they let a test compare what arrived. */
function toListed(asset: SandboxAsset) {
  return {
    assetId: asset.id,
    assetName: asset.name,
    address: asset.address,
    operatingSystem: { osName: asset.operatingSystem },
    inventoryListData: {
      inventory: [
        { source: asset.source, created: asset.createdAtMs, lastUpdated: asset.updatedAtMs },
      ],
    },
    connectorUuid: asset.connectorUuid,
    sourceNativeKey: asset.sourceNativeKey,
    received: JSON.parse(asset.received) as unknown,
  };
}
