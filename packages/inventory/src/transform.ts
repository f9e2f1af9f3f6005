import type { Buffer } from "node:buffer";
import type { Asset } from "./asset.ts";
import { ASSET_TABLE, readFields } from "./field-names.ts";
import { fingerprint } from "./fingerprint.ts";
import { assetId, nativeKey } from "./identity.ts";
import { isDeeperThan, isJsonObject, type JsonObject } from "./json-object.ts";
import { mapAsset, type UnsentIdentity } from "./map-asset.ts";
import type { Mapped, Mapping } from "./mapping.ts";
import { parseRecord } from "./parse-record.ts";
import { hasDefaultKeys, mappedPolicy, type MappingPolicy } from "./policy.ts";
import { quoted } from "./quoted.ts";
import { MISTAKES_MAX, type RecordMistake } from "./record-mistake.ts";
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
  | ({
      kind: "dead";
      /** `null` where the record could not be read so far. */
      key: string | null;
      id: Buffer | null;
      reason: DeadReason;
      /** What else of it can't be mapped: the first ones. */
      others?: readonly RecordMistake[];
    } & RecordMistake);

type Dead = Transformed & { kind: "dead" };

/** Transforms the JSON text of one record as a connector wants it. Never throws and never rejects: what can't be mapped is dead. */
export type Transform = (text: string) => Transformed | Promise<Transformed>;

/** The transform of a connector: by the built-in mapping alone, or behind one of its own. */
export function createTransform(policy: MappingPolicy, mapping: Mapping | null = null): Transform {
  if (mapping === null) return (text) => transformRecord(text, policy);
  const whole = mappedPolicy(policy);
  // A mapping that names a key means it: where a record has none, no other field takes its place.
  const keyed = hasDefaultKeys(policy) ? { ...whole, keyFields: ["id"] } : whole;
  const finish = (mapped: Mapped) =>
    transformMapped(mapped, mapping, Object.hasOwn(mapped.record, "id") ? keyed : whole);
  return (text) => {
    const read = readRecord(text);
    if (read.kind === "dead") return read;
    const mapped = mapping.map(read.record);
    return mapped instanceof Promise ? mapped.then(finish) : finish(mapped);
  };
}

/** Transforms the JSON text of one record by the built-in mapping. Never throws: what can't be mapped is dead. */
export function transformRecord(text: string, policy: MappingPolicy): Transformed {
  const read = readRecord(text);
  return read.kind === "dead" ? read : transformFields(read.record, policy);
}

/** Transforms a record that is parsed already. Never throws for a value that JSON can hold. */
export function transformRaw(value: unknown, policy: MappingPolicy): Transformed {
  const checked = checkRecord(value);
  return checked.kind === "dead" ? checked : transformFields(checked.record, policy);
}

function transformMapped(
  { record, failures = [] }: Mapped,
  mapping: Mapping,
  policy: MappingPolicy,
): Transformed {
  const transformed = transformRaw(record, policy);
  const [failure, ...further] = failures;
  if (failure !== undefined) {
    const { field, path, place, message } = failure;
    const isMore = transformed.kind === "dead" && transformed.reason === "schema";
    const beside = isMore ? inSource(transformed, mapping) : [];
    const others = [...further, ...beside].slice(0, MISTAKES_MAX);
    const key = keyBeside(field, record, policy);
    return { ...dead("schema", path, message, key), place, ...(others.length > 0 && { others }) };
  }
  if (transformed.kind === "dead") {
    const [first, ...others] = inSource(transformed, mapping);
    return { ...transformed, ...first, ...(others.length > 0 && { others }) };
  }
  const { key, body } = transformed;
  if (body.length <= RECORD_CHARS_MAX) return transformed;
  const message = `Cannot map the record: the mapping makes ${body.length} characters of it, the limit is ${RECORD_CHARS_MAX}; map less`;
  return dead("too-large", "", message, key);
}

/** What is wrong with a mapped record, at the places it comes from. */
function inSource(
  { reason, path, message, others = [] }: Dead,
  mapping: Mapping,
): readonly RecordMistake[] {
  return [{ path, message }, ...others].map((mistake) => {
    const origin = mapping.originOf(reason === "no-key" ? "id" : mistake.path);
    if (origin === null) return mistake;
    return { ...mistake, path: origin.path ?? mistake.path, place: origin.place };
  });
}

/** The key of a record of which one field could not be mapped; `null` where that one might have been the key. */
function keyBeside(failed: string, record: JsonObject, { keyFields }: MappingPolicy) {
  if (keyFields.includes(failed)) return null;
  const source = sourceKey(record, readFields(record, ASSET_TABLE), keyFields);
  return source.kind === "key" ? nativeKey(source.key) : null;
}

function readRecord(text: string): { kind: "record"; record: JsonObject } | Dead {
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
  return checkRecord(record);
}

function checkRecord(value: unknown): { kind: "record"; record: JsonObject } | Dead {
  if (!isJsonObject(value)) {
    return dead("malformed", "", `Cannot map ${quoted(value)}: a record is a JSON object`);
  }
  if (isDeeperThan(DEPTH_MAX, value)) {
    const message = `Cannot map the record: it has more than ${DEPTH_MAX} levels; flatten it`;
    return dead("too-large", "", message);
  }
  return { kind: "record", record: value };
}

function transformFields(record: JsonObject, policy: MappingPolicy): Transformed {
  const fields = readFields(record, ASSET_TABLE);
  const source = sourceKey(record, fields, policy.keyFields);
  if (source.kind === "none") {
    const message = `Cannot identify the record: it has no ${policy.keyFields.join(", ")}; add one or name the connector's key fields`;
    return dead("no-key", "", message);
  }
  if (source.kind === "refusal") return dead("schema", source.path, source.message);

  const key = nativeKey(source.key);
  const parsed = parseFields(fields, record);
  if (parsed.kind === "refusal") {
    const { path, message, others } = parsed;
    return { ...dead("schema", path, message, key), ...(others && { others }) };
  }
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

function dead(reason: DeadReason, path: string, message: string, key: string | null = null): Dead {
  return { kind: "dead", key, id: key === null ? null : assetId(key), reason, path, message };
}
