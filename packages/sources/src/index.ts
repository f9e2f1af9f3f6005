export { readJson } from "./json-elements.ts";
export { readNdjson } from "./lines.ts";
export { openSources } from "./open-sources.ts";
export type { OpenOptions, SourceFile } from "./open-sources.ts";
export { sampleInventory, sampleLines } from "./sample.ts";
export type { SampleOptions, SampleProfile } from "./sample.ts";
export { SourceError } from "./source-error.ts";
export type { SourceErrorCode } from "./source-error.ts";
export type { SourceFormat, SourceRecord } from "./source-record.ts";
