import type { JsonObject, Mapped, Mapping } from "@sluice/inventory";
import { mappingSchema, type MappingTest } from "./mapping-schema.ts";

type Text = string | number | null | undefined;

/** What a mapping makes of one record: the fields of the built-in mapping. What is absent is not sent. */
export interface MappedFields {
  /** The source's key of the asset, which never changes. */
  id?: Text;
  hostname?: Text;
  fqdn?: Text;
  hardware_uuid?: Text;
  serial?: Text;
  ip?: Text | readonly string[];
  mac?: Text | readonly string[];
  os?: Text;
  os_version?: Text;
  os_architecture?: Text;
  memory_mb?: Text;
  domain?: Text;
  last_user?: Text;
  instance_uuid?: Text;
  network_uuid?: Text;
  /** ISO 8601 text, or seconds or milliseconds since 1970. */
  created?: Text | Date;
  last_seen?: Text | Date;
  findings?: readonly {
    cve?: string | readonly string[] | null;
    /** 1 to 5, or critical, high, medium, low, info. */
    severity?: Text;
    port?: Text;
    protocol?: Text;
    /** Active, open, new, reopened, fixed, closed or resolved. */
    status?: Text;
  }[];
  software?: readonly { name?: Text; version?: Text }[];
  /** Attributes of your own; each is sent as text. */
  customAttributes?: Readonly<Record<string, Text | boolean>>;
}

/** A mapping written in TypeScript. */
export interface MappingDefinition {
  /**
   * What becomes of one record. The same record always has to become the same: no clock, no chance, nothing from outside. An
   * error that it throws makes the record a dead letter, with its message.
   */
  map(record: JsonObject): MappedFields;
  /** Examples, for `sluice mapping test`. */
  tests?: readonly MappingTest[];
}

/** Gives a mapping its types; a module exports it as `mapping`. */
export function defineMapping(definition: MappingDefinition): MappingDefinition {
  return definition;
}

/** The names that the built-in mapping has for what mappings call otherwise. */
const RENAMED: Readonly<Record<string, string>> = {
  findings: "vulnerabilities",
  customAttributes: "custom_attributes",
};

const KNOWN = new Set([
  ...Object.keys(mappingSchema.shape.fields.shape),
  "findings",
  "software",
  "customAttributes",
]);
const KNOWN_INSIDE: Readonly<Record<string, ReadonlySet<string>>> = {
  findings: new Set(["cve", "severity", "port", "protocol", "status"]),
  software: new Set(["name", "version"]),
};

/** A mapping from a module, as one that never throws. */
export function moduleMapping(definition: MappingDefinition): Mapping {
  return {
    map: (record) => mapped(definition, record),
    originOf: () => null,
  };
}

function mapped(definition: MappingDefinition, record: JsonObject): Mapped {
  try {
    const made: unknown = definition.map(record);
    if (made instanceof Promise) {
      // Nobody waits for it, and what it fails with must not end the process.
      made.catch(() => {});
      throw new TypeError("it returned a promise; it has to answer at once");
    }
    // Nothing but what JSON can say goes on, and nothing that the module may change later.
    const fields: unknown = JSON.parse(JSON.stringify(made ?? null));
    if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
      throw new TypeError("it returned no object of fields");
    }
    checkNames("", fields, KNOWN);
    const entries = Object.entries(fields).map(([name, value]) => [RENAMED[name] ?? name, value]);
    // A key that the module names is named also where there is none.
    const hasKey = typeof made === "object" && made !== null && "id" in made;
    return { record: { ...(hasKey && { id: null }), ...Object.fromEntries(entries) } };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `Cannot map the record by the mapping's module: ${why}`;
    // Its key is not known, so no field beside it is.
    return { record: {}, failures: [{ field: "", path: "", place: [], message }] };
  }
}

/** What has no name that we know would be left out in silence. */
function checkNames(place: string, fields: object, known: ReadonlySet<string>): void {
  for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
    if (!known.has(name)) {
      const all = [...known].join(", ");
      throw new TypeError(`there is no field "${place}${name}"; known are ${all}`);
    }
    const inside = KNOWN_INSIDE[name];
    if (inside === undefined || place !== "" || !Array.isArray(value)) continue;
    for (const element of value as readonly unknown[]) {
      if (typeof element === "object" && element !== null) checkNames(`${name}.`, element, inside);
    }
  }
}
