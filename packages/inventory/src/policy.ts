import type { DateFormat } from "./instant.ts";
import { isUuid } from "./identity.ts";
import { MAPPED_FIELDS, OPTIONAL_FIELDS } from "./optional-fields.ts";

/** How one connector's records become assets. */
export interface MappingPolicy {
  /** The webhook connector, as the Qualys user interface shows it. */
  connectorUuid: string;
  /**
   * Names of the fields that may hold the source's key; the first that does wins. One of our own
   * names (`serial`) stands for all of its spellings, any other for itself in any case.
   */
  keyFields: readonly string[];
  /** Where the source has no hardware UUID: derive one from connector and key, or send none. */
  hardwareUuid: "derived" | "source-only";
  /** Dotted paths of fields to send that Qualys does not document, such as `coreAttributes.domain`. */
  optionalFields: readonly string[];
  dateFormat: DateFormat;
  /** Qualys documents no type. `string` sends the lowest of several, so that their order is no change. */
  macFormat: "string" | "array";
}

/** Where a key is looked for, unless the connector says otherwise. */
export const DEFAULT_KEY_FIELDS: readonly string[] = [
  "id",
  "asset_id",
  "uuid",
  "serial",
  "hostname",
  "mac",
  "ip",
];

/** Fills in the defaults. A value that can't be meant is a `RangeError` that says what can. */
export function mappingPolicy(
  options: { connectorUuid: string } & Partial<MappingPolicy>,
): MappingPolicy {
  const policy: MappingPolicy = {
    keyFields: DEFAULT_KEY_FIELDS,
    hardwareUuid: "derived",
    optionalFields: [],
    dateFormat: "epoch-ms",
    macFormat: "string",
    ...options,
  };
  if (!isUuid(policy.connectorUuid)) {
    throw refusal("connectorUuid", policy.connectorUuid, "use the UUID that Qualys shows for it");
  }
  if (policy.keyFields.length === 0 || policy.keyFields.some((name) => name.trim() === "")) {
    throw refusal("keyFields", policy.keyFields, "name at least one field, and no blank one");
  }
  checkChoice("hardwareUuid", policy.hardwareUuid, ["derived", "source-only"]);
  checkChoice("dateFormat", policy.dateFormat, ["epoch-ms", "epoch-ms-string", "iso-8601"]);
  checkChoice("macFormat", policy.macFormat, ["string", "array"]);
  for (const path of policy.optionalFields) {
    if (!OPTIONAL_FIELDS.has(path)) {
      throw refusal("optionalFields", path, `known are ${[...OPTIONAL_FIELDS.keys()].join(", ")}`);
    }
  }
  return Object.freeze(policy);
}

/** Whether nobody has said where the key is. */
export function hasDefaultKeys({ keyFields }: MappingPolicy): boolean {
  return keyFields.join() === DEFAULT_KEY_FIELDS.join();
}

/** The policy behind a mapping of the connector's own: what it maps on purpose is sent. */
export function mappedPolicy(policy: MappingPolicy): MappingPolicy {
  return { ...policy, optionalFields: [...new Set([...policy.optionalFields, ...MAPPED_FIELDS])] };
}

/** The policy may come from a file, so its types are only a promise. */
function checkChoice<T extends string>(option: string, value: T, choices: readonly T[]): void {
  if (!choices.includes(value)) throw refusal(option, value, `use one of ${choices.join(", ")}`);
}

function refusal(option: string, value: unknown, remedy: string): RangeError {
  return new RangeError(`Cannot map with ${option} ${JSON.stringify(value)}: ${remedy}`);
}
