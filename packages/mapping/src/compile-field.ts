import { isAbsent } from "@sluice/inventory";
import { CannotMap, type Origin, withOrigin } from "./cannot-map.ts";
import { compileExpression, type Evaluate } from "./expression.ts";
import { foldedKey, type LookupTable, lookupTable } from "./lookup-table.ts";
import type { MappingProblem } from "./mapping-problem.ts";
import type { FieldSpec, Table } from "./mapping-schema.ts";
import { whenThere } from "./when-there.ts";

type Path = MappingProblem["path"];
type Tables = Readonly<Record<string, Table>>;

/** A field that is ready to be evaluated. */
export interface CompiledField {
  evaluate: Evaluate;
  /** Its path in the record is seen from what it is evaluated at. */
  origin: Origin;
}

/** Collects the mistakes of a mapping while it is compiled. */
export interface Compiling {
  tables: Tables;
  problems: MappingProblem[];
}

/** Compiles a field; its mistakes are added to the problems. */
export function compileField(spec: FieldSpec, path: Path, compiling: Compiling): CompiledField {
  const parts = typeof spec === "string" ? { expr: spec } : spec;
  const { expr, value } = parts;
  if ((expr === undefined) === (value === undefined)) {
    compiling.problems.push({ path, message: "Give the field either `expr` or `value`" });
  }
  const field =
    expr === undefined
      ? { evaluate: () => value, origin: { place: path, path: null } }
      : compileText(expr, typeof spec === "string" ? path : [...path, "expr"], compiling);
  const table =
    parts.lookup === undefined
      ? undefined
      : compileLookup(parts.lookup, [...path, "lookup"], compiling);
  if (table === undefined && parts.default === undefined) return field;
  const { evaluate, origin } = field;
  const convert = (found: unknown) =>
    withOrigin(origin, () => lookedUp(found, table, parts.default));
  return { origin, evaluate: (at, record) => whenThere(evaluate(at, record), convert) };
}

/** Compiles an expression; its mistakes are added to the problems. */
export function compileText(text: string, path: Path, { problems }: Compiling): CompiledField {
  const compiled = compileExpression(text);
  if (compiled.kind === "invalid") {
    problems.push({ path, offset: compiled.offset, message: compiled.message });
    return { evaluate: () => undefined, origin: { place: path, path: null } };
  }
  const { evaluate } = compiled;
  const origin = { place: path, path: compiled.path };
  if (!compiled.isAsked) return { evaluate, origin };
  return { origin, evaluate: (at, record) => withOrigin(origin, () => evaluate(at, record)) };
}

function compileLookup(
  lookup: string | Table,
  path: Path,
  { tables, problems }: Compiling,
): LookupTable | undefined {
  if (typeof lookup === "string" && !Object.hasOwn(tables, lookup)) {
    const known = Object.keys(tables).join(", ") || "none";
    problems.push({ path, message: `There is no table "${lookup}"; known are: ${known}` });
    return undefined;
  }
  const table = typeof lookup === "string" ? (tables[lookup] ?? {}) : lookup;
  const compiled = lookupTable(table);
  if (compiled.kind === "table") return compiled.table;
  problems.push({ path, message: `"${compiled.key}" stands there twice, but for case or spaces` });
  return undefined;
}

function lookedUp(
  value: unknown,
  table: LookupTable | undefined,
  otherwise: Table[string] | undefined,
): unknown {
  if (Array.isArray(value)) return value.map((element) => lookedUp(element, table, otherwise));
  if (isAbsent(value)) return otherwise;
  if (table === undefined) return value;
  const entry = table.get(foldedKey(value));
  if (entry !== undefined || otherwise !== undefined)
    return entry === undefined ? otherwise : entry;
  throw new CannotMap(
    `${JSON.stringify(value).slice(0, 80)} is not in the lookup; add it, or a \`default\``,
  );
}
