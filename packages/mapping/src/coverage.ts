import { isAbsent, type JsonObject, type Mapped, type Mapping } from "@sluice/inventory";
import type { ElementsSpec, FieldSpec, MappingSpec } from "./mapping-schema.ts";
import { whenThere } from "./when-there.ts";

/** A part of a mapping that has given nothing. */
export interface SilentPart {
  /** `fields.ip`, `findings.cve`, `customAttributes.site`. */
  place: string;
  /** Its expression, where it is one. */
  expr: string | null;
}

/**
 * Finds out which parts of a declarative mapping give something at all: one that never does names a field that no record has,
 * which is no mistake of any record by itself.
 */
export class MappingCoverage {
  readonly #silent: Map<string, SilentPart>;

  constructor({ fields, findings, software, customAttributes = {} }: MappingSpec) {
    const parts = [
      ...partsOf("fields", fields),
      ...[findings ?? []].flat().flatMap((rule) => elementParts("findings", rule)),
      ...[software ?? []].flat().flatMap((rule) => elementParts("software", rule)),
      ...partsOf("customAttributes", customAttributes),
    ];
    this.#silent = new Map(parts.map((part) => [part.place, part]));
  }

  /** The same mapping, looked at meanwhile. */
  watch(mapping: Mapping): Mapping {
    return {
      map: (record) =>
        whenThere(mapping.map(record), (mapped) => {
          if (this.#silent.size > 0) this.#note((mapped as Mapped).record);
          return mapped as Mapped;
        }),
      originOf: (path) => mapping.originOf(path),
    };
  }

  /** What has given nothing for any record so far. */
  silent(): readonly SilentPart[] {
    return [...this.#silent.values()];
  }

  #note(record: JsonObject): void {
    for (const [name, value] of Object.entries(record)) {
      if (isAbsent(value)) continue;
      if (name === "vulnerabilities") this.#noteElements("findings", value);
      else if (name === "software") this.#noteElements("software", value);
      else if (name === "custom_attributes") this.#noteAll("customAttributes", value);
      else this.#silent.delete(`fields.${name}`);
    }
  }

  #noteElements(place: string, elements: unknown): void {
    if (!Array.isArray(elements)) return;
    for (const element of elements as readonly unknown[]) this.#noteAll(place, element);
  }

  #noteAll(place: string, value: unknown): void {
    if (typeof value !== "object" || value === null) return;
    for (const [name, one] of Object.entries(value)) {
      if (!isAbsent(one)) this.#silent.delete(`${place}.${name}`);
    }
  }
}

function partsOf(
  place: string,
  fields: Readonly<Record<string, FieldSpec | undefined>>,
): SilentPart[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    if (field === undefined) return [];
    const expr = typeof field === "string" ? field : (field.expr ?? null);
    return [{ place: `${place}.${name}`, expr }];
  });
}

function elementParts(place: string, rule: ElementsSpec): SilentPart[] {
  const { each: _, parallel: __, columns: ___, split: ____, ...fields } = rule;
  return partsOf(place, fields);
}
