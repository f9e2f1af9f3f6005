import { Buffer } from "node:buffer";

/**
 * The body of one import call (ETM webhook page, "Build the Connector Payload"), from assets that
 * are the bytes of JSON texts already: joined, never parsed or decoded again.
 */
export function importPayload(batch: {
  requestId: string;
  source: string;
  connectorUuid: string;
  assets: readonly Buffer[];
}): Buffer {
  const metaData = JSON.stringify({
    requestId: batch.requestId,
    assetCount: batch.assets.length,
    source: batch.source,
    connectorUuid: batch.connectorUuid,
  });
  const comma = Buffer.from(",");
  return Buffer.concat([
    Buffer.from(`{"connectorMetaData":${metaData},"assetData":[`),
    ...batch.assets.flatMap((asset, index) => (index === 0 ? [asset] : [comma, asset])),
    Buffer.from("]}"),
  ]);
}
