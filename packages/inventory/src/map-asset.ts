import type { Asset } from "./asset.ts";
import { fullyQualified } from "./domain-name.ts";
import { nameUuid, ownUuid } from "./identity.ts";
import { canonicalIp } from "./ip-address.ts";
import type { JsonObject } from "./json-object.ts";
import { canonicalMac } from "./mac-address.ts";
import { mapFindings, portsOf } from "./map-findings.ts";
import { memoryMb } from "./memory-size.ts";
import { OPTIONAL_FIELDS, scalarText, type OptionalFieldSource } from "./optional-fields.ts";
import type { MappingPolicy } from "./policy.ts";
import type { RawAsset } from "./raw-asset.ts";
import { type DropCode, dropped, keyOnly, type Warning } from "./warning.ts";

/** What the source tells an asset by that is sent on demand only. */
export interface UnsentIdentity {
  /** Canonical. */
  macs: readonly string[];
  serial: string | null | undefined;
}

/** Identity that every asset has, or that we gave it: none of it tells more than the key. */
const KEY_ATTRIBUTES = new Set(["qualysAssetId", "sourceNativeKey", "hardwareUuid"]);

/**
 * The asset in the form and field order of the transform on Qualys's ETM webhook page, but for the
 * keys, which stay the same from run to run, and for absent values, which are left out. A value
 * that can't be sent is left out with a warning, where what remains is still true.
 */
export function mapAsset(
  record: JsonObject,
  raw: RawAsset,
  sourceNativeKey: string,
  policy: MappingPolicy,
): { asset: Asset; warnings: readonly Warning[]; unsent: UnsentIdentity } {
  const warnings: Warning[] = [];
  const ips = keptOf(
    all(raw.ip, raw.ips, raw.ipv4, raw.ipv6),
    canonicalIp,
    "address-dropped",
    warnings,
  );
  const macs = keptOf(all(raw.mac, raw.macs), canonicalMac, "mac-dropped", warnings);
  const uuid = kept(raw.hardware_uuid, ownUuid, "uuid-dropped", warnings);
  const ownFqdn = kept(raw.fqdn, fullyQualified, "fqdn-dropped", warnings);
  const totalMemory = kept(raw.memory_mb, memoryMb, "memory-dropped", warnings);
  const fqdn = ownFqdn ?? fullyQualified(raw.hostname ?? "") ?? undefined;
  const findings = raw.vulnerabilities?.filter((finding) => finding !== null);

  const asset: Asset = {
    identityAttributes: {
      qualysAssetId: null,
      sourceNativeKey,
      netBiosName: raw.hostname,
      ipAddress: ips.length === 0 ? undefined : ips,
      hardwareUuid: uuid ?? derivedUuid(sourceNativeKey, policy),
      fqdn,
    },
    coreAttributes: {
      operatingSystem: raw.os,
      address: ips[0],
      netBiosName: raw.hostname,
      isContainer: false,
      biosInfo: totalMemory ? { totalMemory } : undefined,
      softwares: mapSoftware(raw.software, warnings),
      ports: findings && portsOf(findings),
    },
    findings: findings && mapFindings(findings, warnings),
  };
  addOptionalFields(asset, { record, raw, fqdn, macs, formats: policy }, policy, warnings);
  if (uuid === undefined && isKnownByKeyOnly(asset)) warnings.push(keyOnly(sourceNativeKey));
  return { asset, warnings, unsent: { macs, serial: scalarText(raw.serial) } };
}

function all(...lists: readonly RawAsset["ip"][]): Set<string> {
  const texts = new Set<string>();
  for (const list of lists) for (const text of list ?? []) if (text !== null) texts.add(text);
  return texts;
}

/** What `convert` makes of each text, each once, in their order. */
function keptOf(
  texts: ReadonlySet<string>,
  convert: (text: string) => string | null,
  code: DropCode,
  warnings: Warning[],
): string[] {
  const results = new Set<string>();
  for (const text of texts) {
    const result = kept(text, convert, code, warnings);
    if (result !== undefined) results.add(result);
  }
  return [...results];
}

/** What `convert` makes of the text; a warning where it can't use it. */
function kept<T>(
  text: string | undefined,
  convert: (text: string) => T | null,
  code: DropCode,
  warnings: Warning[],
): T | undefined {
  if (text === undefined) return undefined;
  const result = convert(text);
  if (result !== null) return result;
  warnings.push(dropped(code, text));
  return undefined;
}

function derivedUuid(sourceNativeKey: string, policy: MappingPolicy): string | undefined {
  return policy.hardwareUuid === "derived"
    ? nameUuid(policy.connectorUuid, sourceNativeKey)
    : undefined;
}

function mapSoftware(software: RawAsset["software"], warnings: Warning[]) {
  return software?.flatMap((entry) => {
    if (entry === null) return [];
    const { name, version } = entry;
    if (name !== undefined) return { name, version, isSystemApp: false, isEnterpriseApp: false };
    warnings.push(dropped("software-dropped", version ?? ""));
    return [];
  });
}

function addOptionalFields(
  asset: Asset,
  source: OptionalFieldSource,
  policy: MappingPolicy,
  warnings: Warning[],
): void {
  for (const path of policy.optionalFields) {
    const value = OPTIONAL_FIELDS.get(path)?.(source);
    const section = path.startsWith("identity") ? asset.identityAttributes : asset.coreAttributes;
    if (value === null) warnings.push(dropped("optional-field-dropped", path));
    else if (value !== undefined) Object.assign(section, { [path.replace(/^.*\./, "")]: value });
  }
}

function isKnownByKeyOnly(asset: Asset): boolean {
  return Object.entries(asset.identityAttributes).every(
    ([name, value]) => value === undefined || KEY_ATTRIBUTES.has(name),
  );
}
