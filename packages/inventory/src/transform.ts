import type { Buffer } from "node:buffer";
import type { Asset } from "./asset.ts";
import { ASSET_TABLE, readFields } from "./field-names.ts";
import { fingerprint } from "./fingerprint.ts";
import { assetId, nativeKey } from "./identity.ts";
import { isDeeperThan, isJsonObject } from "./json-object.ts";
import { mapAsset, type UnsentIdentity } from "./map-asset.ts";
import { parseRecord } from "./parse-record.ts";
import type { MappingPolicy } from "./policy.ts";
import { quoted } from "./quoted.ts";
import { parseFields } from "./raw-asset.ts";
import { sourceKey } from "./source-key.ts";
import type { Warning } from "./warning.ts";

/** Longer records than any real host's, so that one can't fill a worker's memory. In UTF-16 units. */
const RECORD_CHARS_MAX = 4_000_000;
const DEPTH_MAX = 64;

/** Why a record is a dead letter; the word under which dead letters are grouped. */
export type DeadReason =
  /** Not a JSON object. */
  | "malformed"
  /** Longer or deeper than any inventory's record. */
  | "too-large"
  /** No key field holds a key. */
  | "no-key"
  /** A field holds what can't be mapped. */
  | "schema"
  /** It ended every process that transformed it. */
  | "poison"
  /** Qualys did not take it. */
  | "refused";

/** What became of one record. */
export type Transformed =
  | {
      kind: "asset";
      /** The `sourceNativeKey`. */
      key: string;
      /** 16 bytes, derived from the key. */
      id: Buffer;
      asset: Asset;
      /** The JSON text that is sent. */
      body: string;
      /** 8 bytes: see `fingerprint`. */
      fingerprint: Buffer;
      warnings: readonly Warning[];
      /** What else the source can be matched by, whether or not it is sent; absent where nobody has looked. */
      unsent?: UnsentIdentity;
    }
  | {
      kind: "dead";
      /** `null` where the record could not be read so far. */
      key: string | null;
      id: Buffer | null;
      reason: DeadReason;
      /** Where in the record, in its own names: `vulnerabilities[2].severity`; empty for the whole. */
      path: string;
      message: string;
    };

/** Transforms the JSON text of one record. Never throws: what can't be mapped is dead. */
export function transformRecord(text: string, policy: MappingPolicy): Transformed {
  if (text.length > RECORD_CHARS_MAX) {
    const message = `Cannot read the record: it has ${text.length} characters, the limit is ${RECORD_CHARS_MAX}; split it`;
    return dead("too-large", "", message);
  }
  let record: unknown;
  try {
    record = parseRecord(text);
  } catch (error) {
    const message = `Cannot read the record: it is not JSON (${error instanceof Error ? error.message : String(error)})`;
    return dead("malformed", "", message);
  }
  return transformRaw(record, policy);
}

/** Transforms a record that is parsed already. Never throws for a value that JSON can hold. */
export function transformRaw(record: unknown, policy: MappingPolicy): Transformed {
  if (!isJsonObject(record)) {
    return dead("malformed", "", `Cannot map ${quoted(record)}: a record is a JSON object`);
  }
  if (isDeeperThan(DEPTH_MAX, record)) {
    const message = `Cannot map the record: it has more than ${DEPTH_MAX} levels; flatten it`;
    return dead("too-large", "", message);
  }
  const fields = readFields(record, ASSET_TABLE);
  const source = sourceKey(record, fields, policy.keyFields);
  if (source.kind === "none") {
    const message = `Cannot identify the record: it has no ${policy.keyFields.join(", ")}; add one or name the connector's key fields`;
    return dead("no-key", "", message);
  }
  if (source.kind === "refusal") return dead("schema", source.path, source.message);

  const key = nativeKey(source.key);
  const parsed = parseFields(fields, record);
  if (parsed.kind === "refusal") return dead("schema", parsed.path, parsed.message, key);
  const { asset, warnings, unsent } = mapAsset(record, parsed.raw, key, policy);
  return {
    kind: "asset",
    key,
    id: assetId(key),
    asset,
    body: JSON.stringify(asset),
    fingerprint: fingerprint(asset),
    warnings,
    unsent,
  };
}

function dead(
  reason: DeadReason,
  path: string,
  message: string,
  key: string | null = null,
): Transformed {
  return { kind: "dead", key, id: key === null ? null : assetId(key), reason, path, message };
}
