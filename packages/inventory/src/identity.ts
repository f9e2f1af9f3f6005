import { Buffer } from "node:buffer";
import { hash } from "node:crypto";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const UUID_NOBODYS = /^(?:[0-]+|[f-]+)$/;

const NATIVE_KEY_CHARS_MAX = 200;
const ID_BYTES = 16;
const NAMESPACE_BYTES = 16;

/** The key that Qualys gets: the source's own, its SHA-256 in hex if it has more than 200 characters. */
export function nativeKey(sourceKey: string): string {
  return sourceKey.length <= NATIVE_KEY_CHARS_MAX ? sourceKey : hash("sha256", sourceKey, "hex");
}

/** The 16 bytes by which an asset is known inside: the start of the SHA-256 of its `sourceNativeKey`. */
export function assetId(sourceNativeKey: string): Buffer {
  // Hex and back is three times as fast as letting `hash` make the buffer.
  return Buffer.from(hash("sha256", sourceNativeKey, "hex").slice(0, ID_BYTES * 2), "hex");
}

/** The UUID in lower case; `null` if the text is none, or the one of all zeros or ones that firmware has by default. */
export function ownUuid(text: string): string | null {
  const uuid = text.trim().toLowerCase();
  return isUuid(uuid) && !UUID_NOBODYS.test(uuid) ? uuid : null;
}

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The UUIDv5 of a name in a namespace, itself a UUID (RFC 9562, 5.5). */
export function nameUuid(namespace: string, name: string): string {
  const input = Buffer.from(" ".repeat(NAMESPACE_BYTES) + name);
  input.write(namespace.replaceAll("-", ""), "hex");
  const digest = hash("sha1", input, "hex");
  const variant = ((Number.parseInt(digest.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `5${digest.slice(13, 16)}`,
    variant + digest.slice(17, 20),
    digest.slice(20, 32),
  ].join("-");
}
