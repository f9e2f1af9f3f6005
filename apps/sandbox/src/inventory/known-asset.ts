import type { ImportedAsset } from "../asset-schema.ts";
import type { Connectors } from "../connectors/connectors.ts";
import type { Records, RecordRow } from "./records.ts";
import { summarise } from "./summary.ts";

/** What one connector sent under one source native key, and the asset that it became part of. */
export interface SandboxAsset {
  /** The asset's: counts from 1 in the order of creation, and never changes. */
  readonly id: number;
  readonly connectorUuid: string;
  readonly sourceNativeKey: string;
  /** `connectorMetaData.source` of the last call that brought it. */
  readonly source: string | null;
  /** The asset as it was last sent, as compact JSON: every field, in its order. */
  readonly received: string;
  readonly name: string | null;
  readonly address: string | null;
  readonly operatingSystem: string | null;
  /** Epoch ms. */
  readonly createdAtMs: number;
  /** Epoch ms of the last call that changed it. */
  readonly updatedAtMs: number;
}

/** Everything that the connectors sent, by `connectorUuid/sourceNativeKey`: a copy. */
export function knownAssets(
  records: Records,
  connectors: Connectors,
): ReadonlyMap<string, SandboxAsset> {
  const known = new Map<string, SandboxAsset>();
  for (const record of records.all()) {
    const { uuid } = connectors.byId(record.connector_id);
    known.set(`${uuid}/${record.native_key}`, toKnown(record, uuid));
  }
  return known;
}

/** What a connector sent under a source native key. */
export function knownAsset(
  records: Records,
  connectors: Connectors,
  connectorUuid: string,
  sourceNativeKey: string,
): SandboxAsset | undefined {
  const connector = connectors.find(connectorUuid);
  const record = connector && records.find(connector.id, sourceNativeKey);
  return connector && record && toKnown(record, connector.uuid);
}

function toKnown(record: RecordRow, connectorUuid: string): SandboxAsset {
  const { name, address, operatingSystem } = summarise(
    JSON.parse(record.received) as ImportedAsset,
  );
  return {
    id: record.asset_id,
    connectorUuid,
    sourceNativeKey: record.native_key,
    source: record.source,
    received: record.received,
    name,
    address,
    operatingSystem,
    createdAtMs: record.created_ms,
    updatedAtMs: record.updated_ms,
  };
}
