import type { Account } from "./account.ts";
import type { AssetRow } from "./inventory/assets.ts";
import { mergeParts } from "./inventory/merge.ts";

type Json = Readonly<Record<string, unknown>>;

/**
 * An asset as `search` and `get` of the platform show it, as far as public clients tell of its fields; what a webhook
 * does not bring is not there. `connectorUuid`, `sourceNativeKey` and `received` are the sandbox's own, of the asset's
 * first record: they let a test compare what arrived. `findings` is the sandbox's own, too.
 */
export function toListed(account: Account, asset: AssetRow): Json {
  const { inventory, connectors, behaviour } = account;
  const records = inventory.records.ofAsset(asset.id);
  const { attributes, softwares, ports, findings } = mergeParts(inventory.partsOf(asset.id));
  const { identityAttributes: identity, coreAttributes: core } = attributes;
  const sources = records.map((record) => {
    const byName = behaviour.inventorySource === "connector-name";
    const source = byName ? connectors.byId(record.connector_id).name : record.source;
    return { source, created: record.created_ms, lastUpdated: record.updated_ms };
  });
  const [first] = records;
  return {
    assetId: asset.id,
    assetName: asset.name,
    address: asset.address,
    dnsName: core["dnsName"] ?? core["fqdn"] ?? identity["fqdn"] ?? null,
    netbiosName: identity["netBiosName"] ?? core["netBiosName"] ?? null,
    hwUUID: identity["hardwareUuid"] ?? null,
    biosSerialNumber: identity["serialNumber"] ?? null,
    createdDate: isoTime(asset.created_ms),
    lastModifiedDate: isoTime(asset.updated_ms),
    totalMemory: (core["biosInfo"] as Json | undefined)?.["totalMemory"] ?? null,
    lastLoggedOnUser: core["lastLoggedOnUser"] ?? null,
    domainRole: core["domainRole"] ?? null,
    operatingSystem: { osName: asset.operating_system },
    processor: core["processor"] ?? null,
    openPortListData: { openPort: ports },
    softwareListData: { software: softwares },
    networkInterfaceListData: { networkInterface: core["networkInterfaces"] ?? [] },
    volumeListData: { volume: core["volumes"] ?? [] },
    serviceList: { service: core["services"] ?? [] },
    userAccountListData: { userAccount: core["accounts"] ?? [] },
    businessInformation: core["businessMetaData"] ?? null,
    businessAppListData: { businessApp: core["businessApps"] ?? [] },
    assignedLocation: core["assignedLocation"] ?? null,
    customAttributes: customAttributes(account, asset.id),
    inventory: newestOf(sources),
    inventoryListData: { inventory: sources },
    findings,
    connectorUuid: first === undefined ? null : connectors.byId(first.connector_id).uuid,
    sourceNativeKey: first?.native_key ?? null,
    received: first === undefined ? null : (JSON.parse(first.received) as unknown),
  };
}

/** Each with the name of the connector that sent it, as public clients have seen them. */
function customAttributes({ inventory, connectors }: Account, assetId: number): Json[] {
  return inventory.partsOf(assetId).flatMap(({ connectorUuid, received }) => {
    const connectorName = connectors.find(connectorUuid)?.name ?? null;
    const given = received.coreAttributes?.customConnectorAttributes ?? {};
    return Object.entries(given).map(([key, value]) => ({ connectorName, key, value }));
  });
}

function newestOf<T extends { lastUpdated: number }>(sources: readonly T[]): T | null {
  const [first, ...others] = sources;
  if (first === undefined) return null;
  return others.reduce(
    (newest, one) => (one.lastUpdated > newest.lastUpdated ? one : newest),
    first,
  );
}

function isoTime(atMs: number): string {
  return new Date(atMs).toISOString();
}
