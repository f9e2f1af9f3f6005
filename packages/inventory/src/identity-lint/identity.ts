import type { Transformed } from "../transform.ts";
import { folded } from "../field-names.ts";
import { canonicalMac } from "../mac-address.ts";
import { isPlaceholderSerial, isPlaceholderUuid } from "./placeholder.ts";

type TransformedAsset = Transformed & { kind: "asset" };

/** Values by which an asset can be told from others. */
export interface Identity {
  hostname: string | undefined;
  addresses: readonly string[];
  /** What is sent; else what the source has. */
  macs: readonly string[];
  areMacsSent: boolean;
  serial: string | undefined;
  isSerialSent: boolean;
  /** The source's own, not one derived from the key. */
  uuid: string | undefined;
  /** What was left out of the asset, by the warnings about it. */
  leftOut: readonly { code: string; value: string }[];
  isKeyOnly: boolean;
}

/** So many of one kind are looked at. */
const VALUES_MAX = 16;
/** The version of a UUID that is derived from the key; boards have other ones. */
const DERIVED_UUID = /^.{14}5/;

/** What an asset can be identified by, as it is sent and as far as the source tells. */
export function identityOf({ asset, warnings, unsent }: TransformedAsset): Identity {
  const { netBiosName, hostName, fqdn, ipAddress, macAddress, serialNumber, hardwareUuid } =
    asset.identityAttributes;
  const macs = typeof macAddress === "string" ? [macAddress] : macAddress;
  const isOwn = hardwareUuid !== undefined && !DERIVED_UUID.test(hardwareUuid);
  return {
    hostname: netBiosName ?? hostName ?? fqdn ?? undefined,
    addresses: (ipAddress ?? []).slice(0, VALUES_MAX),
    macs: (macs ?? unsent?.macs ?? []).slice(0, VALUES_MAX).map((mac) => canonicalMac(mac) ?? mac),
    areMacsSent: macs !== undefined,
    serial: serialNumber ?? unsent?.serial ?? undefined,
    isSerialSent: serialNumber !== undefined,
    uuid: isOwn ? hardwareUuid.toLowerCase() : undefined,
    leftOut: warnings.flatMap(({ code, value }) => (value === undefined ? [] : { code, value })),
    isKeyOnly: warnings.some(({ code }) => code === "key-only"),
  };
}

/** What tells most of which machine a record is about; the first letter is its kind. */
export function claimOf({ uuid, serial, hostname }: Identity): string | undefined {
  if (uuid !== undefined && !isPlaceholderUuid(uuid)) return `u${uuid}`;
  if (serial !== undefined && !isPlaceholderSerial(serial)) return `s${folded(serial)}`;
  return hostname === undefined ? undefined : `h${nameOf(hostname)}`;
}

/** A host name in the form in which two are the same. */
export function nameOf(hostname: string): string {
  return hostname.trim().replace(/\.$/, "").toLowerCase();
}
