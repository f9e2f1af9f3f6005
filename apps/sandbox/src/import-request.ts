import { importSchema, type ImportedAsset } from "./asset-schema.ts";
import { describeIssues, parseJson, refused, type Checked } from "./checked.ts";
import type { z } from "zod";

/** A webhook connector of the account. */
export interface Connector {
  readonly uuid: string;
  readonly name: string;
  readonly enabled: boolean;
}

/** An import call that passed every check. */
export interface ImportRequest {
  readonly connectorUuid: string;
  readonly requestId: string | null;
  readonly source: string | null;
  /** The assets as parsed, and each again as the compact JSON of exactly what was sent. */
  readonly assets: readonly { readonly asset: ImportedAsset; readonly received: string }[];
}

/**
 * Checks the body of an import call: JSON, the schema, the connector (known and enabled), the count.
 * What the platform answers to an unknown connector or a wrong count is not documented; here both are refused.
 */
export function checkImport(
  body: Buffer,
  connectors: ReadonlyMap<string, Connector>,
): Checked<ImportRequest> {
  const json = parseJson(body);
  if (json.kind === "refused") return json;
  if (!isImportBody(json.value)) return refused(mistakesOf(json.value));
  const { connectorMetaData, assetData } = json.value;
  const { assetCount, connectorUuid, requestId, source } = connectorMetaData;
  const connector = findConnector(connectors, connectorUuid);
  if (connector.kind === "refused") return connector;
  if (assetCount !== undefined && assetCount !== null && Number(assetCount) !== assetData.length) {
    return refused(
      `connectorMetaData.assetCount: says ${assetCount}, but assetData has ${assetData.length}`,
    );
  }
  const assets = toReceived(assetData);
  if (assets === undefined) return refused("assetData: nested too deeply");
  return {
    kind: "valid",
    value: {
      connectorUuid: connector.value.uuid,
      requestId: requestId ?? null,
      source: source ?? null,
      assets,
    },
  };
}

function findConnector(
  connectors: ReadonlyMap<string, Connector>,
  uuid: string,
): Checked<Connector> {
  const connector = connectors.get(uuid.toLowerCase());
  const place = "connectorMetaData.connectorUuid";
  if (connector === undefined) {
    return refused(
      `${place}: no connector has the UUID "${uuid}"; copy it from the connector's page`,
    );
  }
  if (!connector.enabled) {
    return refused(
      `${place}: the connector "${connector.name}" is disabled; enable it and send again`,
    );
  }
  return { kind: "valid", value: connector };
}

/** The schema transforms nothing, so the body as sent has its type; unlike zod's copy it keeps the order of the fields. */
function isImportBody(json: unknown): json is z.input<typeof importSchema> {
  return importSchema.safeParse(json).success;
}

function mistakesOf(json: unknown): string {
  return describeIssues(importSchema.safeParse(json).error?.issues ?? []);
}

/** `undefined` where an asset is nested more deeply than it can be written. */
function toReceived(assets: readonly ImportedAsset[]): ImportRequest["assets"] | undefined {
  try {
    return assets.map((asset) => ({ asset, received: JSON.stringify(asset) }));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
