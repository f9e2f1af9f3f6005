import { isAbsent, type JsonObject } from "@sluice/inventory";
import { CannotMap, type Origin, withOrigin } from "./cannot-map.ts";
import { compileField, compileText, type Compiling } from "./compile-field.ts";
import { ELEMENTS_MAX } from "./expression.ts";
import type { MappingProblem } from "./mapping-problem.ts";
import type { ElementsSpec, FieldSpec } from "./mapping-schema.ts";
import { whenAllThere, whenThere } from "./when-there.ts";

type Path = MappingProblem["path"];

/** A list of findings or of software that is ready to be made. */
export interface CompiledElements {
  /** The elements under our names; a promise where JSONata is asked. */
  make: (record: JsonObject) => unknown;
  /** Where a field of an element comes from; its name is empty for the element. */
  originOf: (index: number, field: string) => Origin;
}

/** Gives the elements as the source has them. */
interface ElementSource {
  elements: (record: JsonObject) => unknown;
  /** Where one of them stands, as far as that is known. */
  pathOf: (index: number) => string | null;
}

const SOURCE_NAMES = new Set(["each", "parallel", "columns", "split"]);

/** Compiles the rule for one shape of findings or software; its mistakes are added to the problems. */
export function compileElements(
  spec: ElementsSpec,
  place: Path,
  compiling: Compiling,
): CompiledElements {
  const source = compileSource(spec, place, compiling);
  const fields = Object.entries(spec)
    .filter(([name, field]) => !SOURCE_NAMES.has(name) && field !== undefined)
    .map(([name, field]) => {
      return [name, compileField(field as FieldSpec, [...place, name], compiling)] as const;
    });
  const origins = new Map(fields.map(([name, { origin }]) => [name, origin]));

  function makeElement(element: unknown, record: JsonObject): unknown {
    if (element === null || fields.length === 0) return element;
    const values = fields.map(([, { evaluate }]) => evaluate(element, record));
    return whenAllThere(values, (there) => {
      const made: Record<string, unknown> = {};
      for (const [index, [name]] of fields.entries()) {
        if (there[index] !== undefined) made[name] = there[index];
      }
      return made;
    });
  }

  return {
    make: (record) =>
      whenThere(source.elements(record), (elements) =>
        whenAllThere(
          (elements as readonly unknown[]).map((element) => makeElement(element, record)),
          (made) => made,
        ),
      ),
    originOf(index, field) {
      const origin = origins.get(field) ?? { place, path: field };
      return { ...origin, path: joined(source.pathOf(index), origin.path) };
    },
  };
}

/** The path of a field inside an element; `null` where either is not known. */
function joined(element: string | null, field: string | null): string | null {
  if (element === null || field === null) return element;
  return field === "" || field === "$" ? element : `${element}.${field}`;
}

function compileSource(spec: ElementsSpec, place: Path, compiling: Compiling): ElementSource {
  const { each, parallel, columns, split } = spec;
  const given = [each, parallel, columns].filter((source) => source !== undefined);
  if (given.length !== 1) {
    const message = "Give one of `each`, `parallel` and `columns`: where the elements come from";
    compiling.problems.push({ path: place, message });
  }
  if (columns !== undefined) return columnSource(columns, [...place, "columns"], compiling);
  if (parallel !== undefined) {
    return parallelSource(parallel, split, [...place, "parallel"], compiling);
  }
  const { evaluate, origin } = compileText(each ?? "$", [...place, "each"], compiling);
  return {
    elements: (record) =>
      whenThere(evaluate(record, record), (value) => {
        const elements = withOrigin(origin, () => elementsOf(value, split)) as unknown[];
        return typeof value === "string"
          ? elements.filter((element) => element !== null)
          : elements;
      }),
    pathOf: (index) =>
      split === undefined && origin.path ? `${origin.path}[${index}]` : origin.path,
  };
}

/** Lists that belong together by place, as objects. */
function parallelSource(
  lists: Readonly<Record<string, string>>,
  split: string | undefined,
  place: Path,
  compiling: Compiling,
): ElementSource {
  const compiled = Object.entries(lists).map(
    ([name, text]) => [name, compileText(text, [...place, name], compiling)] as const,
  );
  const paired = (values: readonly unknown[]) => {
    const columns = values.map((value) => elementsOf(value, split));
    const lengths = new Set(columns.map(({ length }) => length).filter((length) => length > 0));
    if (lengths.size > 1) {
      const counts = columns.map(({ length }, index) => `${compiled[index]?.[0]} has ${length}`);
      throw new CannotMap(`the lists have different lengths: ${counts.join(", ")}`);
    }
    return Array.from({ length: [...lengths][0] ?? 0 }, (_, index) =>
      Object.fromEntries(compiled.map(([name], column) => [name, columns[column]?.[index]])),
    );
  };
  return {
    elements: (record) =>
      whenAllThere(
        compiled.map(([, { evaluate }]) => evaluate(record, record)),
        (values) => withOrigin({ place, path: null }, () => paired(values)),
      ),
    pathOf: () => null,
  };
}

/** The fields of a record whose names match, as objects of `column` and `value`. */
function columnSource(pattern: string, place: Path, { problems }: Compiling): ElementSource {
  const [before = "", after, ...more] = pattern.toLowerCase().split("*");
  if (after === undefined || more.length > 0) {
    problems.push({ path: place, message: `Write one * into "${pattern}", as in CVE-*` });
  }
  const chars = before.length + (after?.length ?? 0);
  const matches = (name: string) =>
    name.length >= chars && name.startsWith(before) && name.endsWith(after ?? "");
  const columnsOf = (record: JsonObject) =>
    Object.entries(record)
      .filter(([name, value]) => matches(name.toLowerCase()) && !isAbsent(value))
      .map(([column, value]) => ({ column, value }));
  return {
    elements: (record) => withOrigin({ place, path: null }, () => bounded(columnsOf(record))),
    pathOf: () => null,
  };
}

function bounded<Element>(elements: readonly Element[]): readonly Element[] {
  if (elements.length <= ELEMENTS_MAX) return elements;
  throw new CannotMap(`it has more than ${ELEMENTS_MAX} elements; split the record`);
}

/** The elements of a list, or of a text that is split; `null` for what is absent, so that the others keep their place. */
function elementsOf(value: unknown, split: string | undefined): unknown[] {
  if (isAbsent(value)) return [];
  const isText = typeof value === "string" && split !== undefined;
  const elements: readonly unknown[] = isText
    ? value.split(split).map((part) => part.trim())
    : Array.isArray(value)
      ? value
      : [value];
  return bounded(elements).map((element) => (isAbsent(element) ? null : element));
}
