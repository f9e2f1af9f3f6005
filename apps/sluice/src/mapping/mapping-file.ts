import { strict as assert } from "node:assert";
import type { Mapping } from "@sluice/inventory";
import { compileMapping, type MappingSpec, type MappingTest } from "@sluice/mapping";
import { readYaml } from "@sluice/service";
import { z } from "zod";

/** A mapping, ready for records. */
export interface LoadedMapping {
  mapping: Mapping;
  /** What it says, where it is declarative. */
  spec: MappingSpec | null;
  tests: readonly MappingTest[];
  /** Where a place in the mapping stands, as `file:line`; `null` where it is code. */
  lineOf: (place: readonly (string | number)[]) => string | null;
}

/** Whether a mapping's file is code; any other is declarative, YAML or JSON. */
export function isModule(path: string): boolean {
  return /\.[mc]?[jt]s$/.test(path);
}

/** Reads what stands in a declarative mapping's file, or finds every mistake in it, each with its place. */
export function readMapping(
  path: string,
  text: string,
): { kind: "mapping"; loaded: LoadedMapping } | { kind: "wrong"; problems: readonly string[] } {
  const yaml = readYaml(text, z.unknown(), (value) => {
    const compiled = compileMapping(value);
    return compiled.kind === "invalid" ? [...compiled.malformed, ...compiled.problems] : [];
  });
  if (yaml.kind === "wrong") {
    const problems = yaml.mistakes.map(({ line, column, path: place, message }) =>
      [`${path}:${line}:${column}`, ...(place === "" ? [] : [place]), message].join(": "),
    );
    return { kind: "wrong", problems };
  }
  const lineOf: LoadedMapping["lineOf"] = (place) =>
    `${path}:${yaml.locate({ path: place, message: "" }).line}`;
  return { kind: "mapping", loaded: compiledOf(yaml.value, lineOf) };
}

/** Compiles a mapping whose mistakes have been told. */
export function compiledOf(value: unknown, lineOf: LoadedMapping["lineOf"]): LoadedMapping {
  const compiled = compileMapping(value);
  assert(compiled.kind === "compiled", "A mapping with mistakes got past its check");
  const { mapping, spec } = compiled;
  return { mapping, spec, tests: spec.tests ?? [], lineOf };
}
