import { SocketAddress } from "node:net";
import type { ImportedAsset } from "../asset-schema.ts";

/** The identity attributes that a rule can use: those of the import API, but for the source native key. */
export const attributeNames = [
  "qualysAssetId",
  "hostName",
  "fqdn",
  "netBiosName",
  "ipAddress",
  "macAddress",
  "hardwareUuid",
  "serialNumber",
  "instanceUuid",
  "networkUuid",
] as const;

export type AttributeName = (typeof attributeNames)[number];

const valuesMax = 50;

/** The values of an attribute in the one form that they are compared in, each once, at most 50; none where it is absent. */
export function attributeValues(asset: ImportedAsset, name: AttributeName): readonly string[] {
  const given = asset.identityAttributes[name];
  if (given === null || given === undefined) return [];
  const values = Array.isArray(given) ? given.slice(0, valuesMax) : [given];
  if (values.length === 1) {
    const value = normalise(name, String(values[0]));
    return value === "" ? [] : [value];
  }
  const unique = new Set(values.map((value) => normalise(name, String(value))));
  unique.delete("");
  return [...unique];
}

/** Case and spelling tell no two hosts apart. */
function normalise(name: AttributeName, text: string): string {
  const value = text.trim().toLowerCase();
  if (name === "macAddress") return value.replaceAll(/[^0-9a-f]/g, "");
  if (name === "fqdn" || name === "hostName") return value.replace(/\.$/, "");
  if (name === "ipAddress" && value.includes(":")) return canonicalAddress(value);
  return value;
}

function canonicalAddress(value: string): string {
  return SocketAddress.parse(`[${value}]:0`)?.address ?? value;
}
