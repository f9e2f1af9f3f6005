/**
 * The body of one import call (ETM webhook page, "Build the Connector Payload"), from assets that
 * are JSON texts already: joined, never parsed again.
 */
export function importPayload(batch: {
  requestId: string;
  source: string;
  connectorUuid: string;
  assets: readonly string[];
}): string {
  const metaData = JSON.stringify({
    requestId: batch.requestId,
    assetCount: batch.assets.length,
    source: batch.source,
    connectorUuid: batch.connectorUuid,
  });
  return `{"connectorMetaData":${metaData},"assetData":[${batch.assets.join(",")}]}`;
}
