export { type Asset, assetSchema } from "./asset.ts";
export { fingerprint } from "./fingerprint.ts";
export { assetId } from "./identity.ts";
export { CompactTable } from "./identity-lint/compact-table.ts";
export { IdentityLint, type LintFinding } from "./identity-lint/identity-lint.ts";
export { LINT_RULES, type LintCode } from "./identity-lint/lint-rules.ts";
export { Tally, type Example, type Place } from "./identity-lint/tally.ts";
export { isAbsent } from "./field-names.ts";
export { importPayload } from "./import-payload.ts";
export { isJsonObject, type JsonObject } from "./json-object.ts";
export type { Mapped, Mapping, MappingFailure } from "./mapping.ts";
export type { RecordMistake } from "./record-mistake.ts";
export { OPTIONAL_FIELD_NAMES } from "./optional-fields.ts";
export { DEFAULT_KEY_FIELDS, hasDefaultKeys, mappingPolicy, type MappingPolicy } from "./policy.ts";
export { type RawAsset, rawAssetSchema } from "./raw-asset.ts";
export {
  CHUNK_ASSETS_MAX,
  recordsByVersion,
  versionOf,
  type BuriedRecord,
  type Chunk,
  type ChunkContent,
  type ChunkRecord,
  type LetterContent,
  type RawRecord,
  type RejectedAsset,
  type SettledAsset,
  type Settlement,
} from "./settlement.ts";
export {
  createTransform,
  type DeadReason,
  type Transform,
  type Transformed,
  transformRaw,
  transformRecord,
} from "./transform.ts";
export type { AssetError, Verdict } from "./verdict.ts";
export type { Warning } from "./warning.ts";
