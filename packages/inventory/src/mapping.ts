import type { JsonObject } from "./json-object.ts";

/** What a mapping makes of one record. */
export interface Mapped {
  /** Fields under our names (field-names.ts); where one failed, the others. */
  record: JsonObject;
  /** Why the record can't be sent as it is: one for each field that failed. */
  failures?: readonly MappingFailure[];
}

/** What a mapping could not do. */
export interface MappingFailure {
  /** The field it was to make, under our name. */
  field: string;
  /** Where in the source's record; `""` where that is not one place. */
  path: string;
  /** Where in the mapping: `["fields", "os"]`. */
  place: readonly (string | number)[];
  message: string;
}

/** A connector's own way from a record of any shape to one under our names. */
export interface Mapping {
  /** Never throws and never rejects. The same record always becomes the same. */
  map(record: JsonObject): Mapped | Promise<Mapped>;
  /** Where something at a path in the mapped record comes from: in the mapping, and in the source's record if that is one place. */
  originOf(path: string): { place: MappingFailure["place"]; path: string | null } | null;
}
