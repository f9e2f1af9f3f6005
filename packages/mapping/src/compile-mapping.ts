import {
  isAbsent,
  isJsonObject,
  type JsonObject,
  type Mapped,
  type Mapping,
  type MappingFailure,
} from "@sluice/inventory";
import { CannotMap, type Origin, withOrigin } from "./cannot-map.ts";
import { compileElements, type CompiledElements } from "./compile-elements.ts";
import { compileField, type Compiling } from "./compile-field.ts";
import type { MappingProblem } from "./mapping-problem.ts";
import { placeText, problemsOf } from "./mapping-problem.ts";
import {
  mappingSchema,
  type ElementsSpec,
  type FieldSpec,
  type MappingSpec,
} from "./mapping-schema.ts";
import { whenAllThere } from "./when-there.ts";

export type CompiledMapping =
  | { kind: "compiled"; mapping: Mapping; spec: MappingSpec }
  /** Mistakes of its shape, and those of what has the right one. */
  | { kind: "invalid"; malformed: readonly MappingProblem[]; problems: readonly MappingProblem[] };

/** One field of the mapped record, ready to be made. */
interface Part {
  name: string;
  make: (record: JsonObject) => unknown;
  /** Where it, or what lies at `rest` in it, comes from. */
  originOf: (index: number | null, rest: string) => Origin;
}

/**
 * Compiles a declarative mapping, once for all records: whatever can be known to be wrong with it is told now, every
 * mistake at once.
 */
export function compileMapping(value: unknown): CompiledMapping {
  const { spec, malformed } = parseMapping(value);
  const problems = unusableNames(value, []);
  if (spec === null) return { kind: "invalid", malformed, problems };
  const parts = compileParts(spec, { tables: spec.tables ?? {}, problems });
  if (parts.length === 0 && malformed.length === 0) {
    problems.push({ path: ["fields"], message: "Map at least one field, `id` first of all" });
  }
  if (malformed.length + problems.length > 0) return { kind: "invalid", malformed, problems };
  const mapping: Mapping = {
    map: (record) => mapRecord(parts, record),
    originOf: (path) => originIn(parts, path),
  };
  return { kind: "compiled", mapping, spec };
}

/** What a mapping says. Where its shape has mistakes, what is left without them, if that says anything. */
function parseMapping(value: unknown): {
  spec: MappingSpec | null;
  malformed: readonly MappingProblem[];
} {
  const parsed = mappingSchema.safeParse(value);
  if (parsed.success) return { spec: parsed.data, malformed: [] };
  const malformed = problemsOf(parsed.error.issues);
  if (!isJsonObject(value)) return { spec: null, malformed };
  const rest = mappingSchema.safeParse(without(value, malformed));
  return { spec: rest.success ? rest.data : null, malformed };
}

/** A mapping without its malformed entries. A list with one is left out whole, so that no place in it changes. */
function without(value: JsonObject, malformed: readonly MappingProblem[]): JsonObject {
  const rest = structuredClone(value) as Record<string, unknown>;
  for (const { path } of malformed) {
    const [part = "", entry] = path.map(String);
    const entries = rest[part];
    if (entry === undefined || !isJsonObject(entries)) delete rest[part];
    // The fields that look values up there are not to blame.
    else if (part === "tables") rest[part] = { ...entries, [entry]: {} };
    else
      rest[part] = Object.fromEntries(Object.entries(entries).filter(([name]) => name !== entry));
  }
  return { fields: {}, ...rest };
}

/** Names that objects of JavaScript can't have, and that would be left out in silence. Records of tests may have them. */
function unusableNames(value: unknown, path: MappingProblem["path"]): MappingProblem[] {
  if (typeof value !== "object" || value === null || path[0] === "tests") return [];
  return Object.entries(value).flatMap(([name, one]: [string, unknown]) =>
    name === "__proto__"
      ? [{ path: [...path, name], message: "This name can't be used; choose another one" }]
      : unusableNames(one, [...path, name]),
  );
}

function compileParts(spec: MappingSpec, compiling: Compiling): Part[] {
  const parts = Object.entries(spec.fields).flatMap(([name, field]) =>
    field === undefined ? [] : [fieldPart(name, field, compiling)],
  );
  const { findings, software, customAttributes } = spec;
  if (findings) parts.push(listPart("vulnerabilities", findings, ["findings"], compiling));
  if (software) parts.push(listPart("software", software, ["software"], compiling));
  if (customAttributes) parts.push(attributesPart(customAttributes, compiling));
  return parts;
}

function fieldPart(name: string, field: FieldSpec, compiling: Compiling): Part {
  const { evaluate, origin } = compileField(field, ["fields", name], compiling);
  return { name, make: (record) => evaluate(record, record), originOf: () => origin };
}

function listPart(
  name: string,
  specs: ElementsSpec | readonly ElementsSpec[],
  place: MappingProblem["path"],
  compiling: Compiling,
): Part {
  const isList = Array.isArray(specs);
  const rules = [specs].flat().map((spec: ElementsSpec, index): CompiledElements => {
    return compileElements(spec, isList ? [...place, index] : place, compiling);
  });
  const [only] = rules;
  return {
    name,
    make: (record) =>
      whenAllThere(
        rules.map(({ make }) => make(record)),
        (lists) => (lists.length === 1 ? lists[0] : lists.flat()),
      ),
    originOf: (index, rest) =>
      rules.length === 1 && only !== undefined && index !== null
        ? only.originOf(index, rest)
        : { place, path: null },
  };
}

function attributesPart(specs: Readonly<Record<string, FieldSpec>>, compiling: Compiling): Part {
  const place = ["customAttributes"];
  const fields = Object.entries(specs).map(
    ([name, spec]) => [name, compileField(spec, [...place, name], compiling)] as const,
  );
  return {
    name: "custom_attributes",
    make: (record) =>
      whenAllThere(
        fields.map(([, { evaluate }]) => evaluate(record, record)),
        (values) =>
          Object.fromEntries(
            fields.map(([name, { origin }], index) => [
              name,
              withOrigin(origin, () => attributeText(values[index])),
            ]),
          ),
      ),
    originOf: () => ({ place, path: null }),
  };
}

/** An attribute as text; several values are joined, because a list of one is no list to JSONata. */
function attributeText(value: unknown): string | undefined {
  if (isAbsent(value)) return undefined;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.some((one) => typeof one === "object" && one !== null)) {
    throw new CannotMap("it is an object; a custom attribute is text, so name one of its fields");
  }
  return values.filter((one) => !isAbsent(one)).join(", ");
}

function mapRecord(parts: readonly Part[], record: JsonObject): Mapped | Promise<Mapped> {
  const failures = new Map<string, MappingFailure>();
  const values = parts.map(({ name, make }) => {
    const fail = (error: unknown) => void failures.set(name, failureOf(name, error));
    try {
      const made = make(record);
      return made instanceof Promise ? made.catch(fail) : made;
    } catch (error) {
      return fail(error);
    }
  });
  return whenAllThere(values, (there): Mapped => {
    const mapped: Record<string, unknown> = {};
    for (const [index, { name }] of parts.entries()) {
      // A key that the mapping names is named also where there is none.
      if (there[index] !== undefined || name === "id") mapped[name] = there[index] ?? null;
    }
    if (failures.size === 0) return { record: mapped };
    const inOrder = parts.flatMap(({ name }) => failures.get(name) ?? []);
    return { record: mapped, failures: inOrder };
  });
}

function failureOf(field: string, error: unknown): MappingFailure {
  const why = error instanceof Error ? error.message : String(error);
  const origin = error instanceof CannotMap ? error.origin : null;
  const place = origin?.place ?? [];
  const path = origin?.path ?? "";
  const message = `Cannot map ${path || nameInMapping(field)} by ${placeText(place) || "the mapping"}: ${why}`;
  return { field, path, place, message };
}

/** What a mapping calls a field of the mapped record. */
function nameInMapping(field: string): string {
  if (field === "vulnerabilities") return "findings";
  return field === "custom_attributes" ? "customAttributes" : field;
}

/** A path through the mapped record, `vulnerabilities[2].severity`, as one through the source's. */
function originIn(parts: readonly Part[], path: string): Origin | null {
  const [, name, index, rest = ""] = /^(\w+)(?:\[(\d+)\])?\.?(.*)$/.exec(path) ?? [];
  const part = parts.find((one) => one.name === name);
  return part?.originOf(index === undefined ? null : Number(index), rest) ?? null;
}
