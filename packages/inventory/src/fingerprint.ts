import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import * as z from "zod";
import { type Asset, assetSchema } from "./asset.ts";
import { isJsonObject } from "./json-object.ts";

/** Part of each fingerprint. A change of the canonical form raises it; every asset is then sent once more. */
const FINGERPRINT_VERSION = 1;
const FINGERPRINT_BYTES = 8;

/** The fields of the objects at one place, in a fixed order, each with those of the objects in it. */
type Fields = readonly { name: string; inner: Fields | undefined }[];

const { coreAttributes } = assetSchema.shape;
const CONTENT = fieldsOf(
  assetSchema.extend({
    coreAttributes: coreAttributes.omit({
      address: true,
      sourceCreatedDate: true,
      sourceLastUpdatedDate: true,
    }),
  }),
);

/**
 * Eight bytes that two assets share when Qualys would learn nothing new from the second: they differ
 * at most in the order of keys or lists, in the dates at the source, or in which of the same
 * addresses comes first.
 */
export function fingerprint(asset: Asset): Buffer {
  const { address } = asset.coreAttributes;
  const isListed = address !== undefined && asset.identityAttributes.ipAddress?.includes(address);
  const unlisted = isListed ? "" : canonical(address);
  const content = `${FINGERPRINT_VERSION},${unlisted},${canonical(asset, CONTENT)}`;
  return Buffer.from(hash("sha256", content, "hex").slice(0, FINGERPRINT_BYTES * 2), "hex");
}

/** Reading the fields off the schema once is twice as fast as sorting the keys of each object. */
function fieldsOf(schema: unknown): Fields | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return fieldsOf(schema.unwrap());
  }
  if (schema instanceof z.ZodArray) return fieldsOf(schema.element);
  if (!(schema instanceof z.ZodObject)) return undefined;
  return Object.entries(schema.shape).map(([name, field]) => ({ name, inner: fieldsOf(field) }));
}

/** Text that two values share only when they are equal but for the order in them. */
function canonical(value: unknown, fields?: Fields): string {
  // With its length in front no text can pass for the structure around it.
  if (typeof value === "string") return `${value.length}:${value}`;
  if (Array.isArray(value)) return sorted(value.map((element) => canonical(element, fields)));
  if (!isJsonObject(value)) return String(value);
  if (fields === undefined) {
    return sorted(Object.entries(value).map(([name, field]) => canonical(name) + canonical(field)));
  }
  let text = "";
  for (const { name, inner } of fields) {
    const field = value[name];
    // Without a trace of what is absent, the schema can grow and old fingerprints still hold.
    if (field !== undefined) text += `${name}=${canonical(field, inner)},`;
  }
  return `{${text}}`;
}

function sorted(parts: string[]): string {
  return `[${parts.sort().join()}]`;
}
