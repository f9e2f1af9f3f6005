import { isExact } from "./exact-number.ts";
import { ASSET_TABLE, isAbsent, isKnownName } from "./field-names.ts";
import { type DateFormat, formatInstant, instantMs } from "./instant.ts";
import { isJsonObject, type JsonObject } from "./json-object.ts";
import type { RawAsset } from "./raw-asset.ts";

/** What an optional field may be made from. */
export interface OptionalFieldSource {
  record: JsonObject;
  raw: RawAsset;
  fqdn: string | undefined;
  /** All MAC addresses, canonical, in the source's order. */
  macs: readonly string[];
  formats: { dateFormat: DateFormat; macFormat: "string" | "array" };
}

/** Gives the value to send; `undefined` where the source has none, `null` where it has one that can't be sent. */
type OptionalField = (source: OptionalFieldSource) => unknown;

/**
 * What Qualys's webhook page does not show, sent on demand (qualys-api.md, 1.3 and 1.4): "release note"
 * is that of CSAM 3.7.1, the rest is known from public clients only.
 */
export const OPTIONAL_FIELDS: ReadonlyMap<string, OptionalField> = new Map<string, OptionalField>([
  ["identityAttributes.hostName", ({ raw }) => raw.hostname], // release note
  ["identityAttributes.macAddress", macAddress],
  ["identityAttributes.serialNumber", ({ raw }) => scalarText(raw.serial)],
  ["identityAttributes.instanceUuid", ({ raw }) => scalarText(raw.instance_uuid)],
  ["identityAttributes.networkUuid", ({ raw }) => scalarText(raw.network_uuid)],
  ["coreAttributes.hostName", ({ raw }) => raw.hostname],
  ["coreAttributes.dnsName", ({ fqdn }) => fqdn],
  ["coreAttributes.fqdn", ({ fqdn }) => fqdn],
  ["coreAttributes.domain", ({ raw }) => scalarText(raw.domain)],
  ["coreAttributes.osVersion", ({ raw }) => scalarText(raw.os_version)], // weak
  ["coreAttributes.osArchitecture", ({ raw }) => scalarText(raw.os_architecture)], // weak
  ["coreAttributes.lastLoggedOnUser", ({ raw }) => scalarText(raw.last_user)],
  ["coreAttributes.sourceCreatedDate", ({ raw, formats }) => date(raw.created, formats.dateFormat)], // release note
  [
    "coreAttributes.sourceLastUpdatedDate",
    ({ raw, formats }) => date(raw.last_seen, formats.dateFormat),
  ], // release note
  ["coreAttributes.customConnectorAttributes", customAttributes],
]);

/** Those with a source field of their own: a mapping that fills it wants it sent. */
export const MAPPED_FIELDS: readonly string[] = [
  "identityAttributes.macAddress",
  "identityAttributes.serialNumber",
  "identityAttributes.instanceUuid",
  "identityAttributes.networkUuid",
  "coreAttributes.domain",
  "coreAttributes.osVersion",
  "coreAttributes.osArchitecture",
  "coreAttributes.lastLoggedOnUser",
  "coreAttributes.sourceCreatedDate",
  "coreAttributes.sourceLastUpdatedDate",
  "coreAttributes.customConnectorAttributes",
];

/** Text, or an exact number as text; `null` for what is neither. */
export function scalarText(value: unknown): string | null | undefined {
  if (value === undefined || typeof value === "string") return value;
  return typeof value === "number" && isExact(value) ? String(value) : null;
}

function date(value: unknown, format: DateFormat): number | string | null | undefined {
  const written = scalarText(value);
  const ms = typeof written === "string" ? instantMs(written) : null;
  if (ms === null) return value === undefined ? undefined : null;
  return formatInstant(ms, format);
}

function macAddress({ macs, formats }: OptionalFieldSource): unknown {
  if (macs.length === 0) return undefined;
  return formats.macFormat === "array" ? macs : [...macs].sort()[0];
}

/** Scalars under names that mean nothing to us, and those set apart as such, as text. */
function customAttributes({ record, raw }: OptionalFieldSource): unknown {
  const unknown = Object.entries(record).filter(([name]) => !isKnownName(name, ASSET_TABLE));
  const own = isJsonObject(raw.custom_attributes) ? Object.entries(raw.custom_attributes) : [];
  const attributes = [...unknown, ...own]
    .filter(([, value]) => !isAbsent(value) && typeof value !== "object")
    .map(([name, value]) => [name, String(value)]);
  return attributes.length === 0 ? undefined : Object.fromEntries(attributes);
}

/** The dotted paths of those fields. */
export const OPTIONAL_FIELD_NAMES: readonly string[] = [...OPTIONAL_FIELDS.keys()];
