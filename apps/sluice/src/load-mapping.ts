import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Mapping } from "@sluice/inventory";
import {
  compileMapping,
  mappingSchema,
  moduleMapping,
  placeText,
  problemsOf,
  type MappingDefinition,
  type MappingSpec,
  type MappingTest,
} from "@sluice/mapping";
import { readYaml, type YamlMistake } from "@sluice/service";
import { z } from "zod";
import { CommandError } from "./exit-codes.ts";

/** Where a mapping is; plain data. */
export type MappingSource =
  /** A declarative mapping (YAML or JSON), or a module. */
  | { kind: "file"; path: string }
  /** A declarative mapping that stands in a file at a place. */
  | { kind: "inline"; spec: MappingSpec; path: string; place: readonly string[] };

/** A mapping, ready for records. */
export interface LoadedMapping {
  mapping: Mapping;
  /** What it says, where it is declarative. */
  spec: MappingSpec | null;
  tests: readonly MappingTest[];
  /** Where a place in the mapping stands, as `file:line`; `null` where it is code. */
  lineOf: (place: readonly (string | number)[]) => string | null;
}

/** Every mistake of a mapping's file, each with its place. */
export class MappingError extends CommandError {
  readonly problems: readonly string[];

  constructor(path: string, problems: readonly string[]) {
    super(`Cannot use the mapping "${path}":\n  ${problems.join("\n  ")}`);
    this.problems = problems;
  }
}

const MODULE = /\.[mc]?[jt]s$/;

/** Loads a mapping. Throws a `CommandError` with every mistake and its place. */
export async function loadMapping(source: MappingSource): Promise<LoadedMapping> {
  if (source.kind === "inline") return compileInline(source);
  const { path } = source;
  const text = await readFile(path, "utf8").catch(cannotRead(path));
  return MODULE.test(path) ? await loadModule(path, text) : readMapping(path, text);
}

function readMapping(path: string, text: string): LoadedMapping {
  const yaml = readYaml(text, z.unknown(), (value) => {
    const compiled = compileMapping(value);
    return compiled.kind === "invalid" ? compiled.problems : [];
  });
  if (yaml.kind === "wrong") throw mistakesIn(path, yaml.mistakes);
  return compiledOf(yaml.value, (place) => {
    return `${path}:${yaml.locate({ path: place, message: "" }).line}`;
  });
}

/** Its mistakes were told with those of the file around it. */
function compileInline({ spec, path, place }: MappingSource & { kind: "inline" }): LoadedMapping {
  return compiledOf(spec, (inner) => {
    const yaml = readYaml(readFileSync(path, "utf8"), z.unknown());
    if (yaml.kind === "wrong") return null;
    return `${path}:${yaml.locate({ path: [...place, ...inner], message: "" }).line}`;
  });
}

function compiledOf(value: unknown, lineOf: LoadedMapping["lineOf"]): LoadedMapping {
  const compiled = compileMapping(value);
  assert(compiled.kind === "compiled", "A mapping with mistakes got past its check");
  const { mapping, spec } = compiled;
  return { mapping, spec, tests: spec.tests ?? [], lineOf };
}

function mistakesIn(path: string, mistakes: readonly YamlMistake[]): MappingError {
  const lines = mistakes.map(({ line, column, path: place, message }) =>
    [`${path}:${line}:${column}`, ...(place === "" ? [] : [place]), message].join(": "),
  );
  return new MappingError(path, lines);
}

/** What was loaded under which number. A module is kept under its address for ever: a changed one needs another. */
const loadedTexts = new Map<string, { text: string; change: number }>();
let changes = 0;

async function loadModule(path: string, text: string): Promise<LoadedMapping> {
  resolveOurs();
  const url = pathToFileURL(resolve(path));
  if (loadedTexts.get(url.href)?.text !== text) {
    changes += 1;
    loadedTexts.set(url.href, { text, change: changes });
  }
  const { change } = loadedTexts.get(url.href) ?? { change: changes };
  const loaded = (await import(changed(url.href, change)).catch((error: unknown) => {
    // What it imports may have been wrong: read all of it again the next time.
    loadedTexts.delete(url.href);
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(`Cannot load the mapping "${path}": ${why}`);
  })) as { mapping?: Partial<MappingDefinition> };
  const { map, tests = [] } = loaded.mapping ?? {};
  // Its types are only a promise.
  if (typeof map !== "function") {
    const remedy = "export const mapping = defineMapping({ map(record) { ... } })";
    throw new CommandError(`Cannot use the mapping "${path}": it exports none; write ${remedy}`);
  }
  const checked = mappingSchema.pick({ tests: true }).safeParse({ tests });
  if (!checked.success) {
    const problems = problemsOf(checked.error.issues);
    throw new MappingError(
      path,
      problems.map(({ path: place, message }) => `${placeText(place)}: ${message}`),
    );
  }
  const mapping = moduleMapping({ map });
  return { mapping, spec: null, tests: checked.data.tests ?? [], lineOf: () => null };
}

let areOursResolved = false;

/** A mapping may lie anywhere, and `@sluice/mapping` still means this one; the files that it imports change with it. */
function resolveOurs(): void {
  if (areOursResolved) return;
  areOursResolved = true;
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === "@sluice/mapping") {
        return next(specifier, { ...context, parentURL: import.meta.url });
      }
      const resolved = next(specifier, context);
      const change = CHANGE.exec(context.parentURL ?? "")?.[1];
      const isFile = /^\.{0,2}\//.test(specifier);
      if (change === undefined || !isFile) return resolved;
      return { ...resolved, url: changed(resolved.url, Number(change)) };
    },
  });
}

const CHANGE = /[?&]change=(\d+)$/;

function changed(address: string, change: number): string {
  const url = new URL(address);
  url.searchParams.set("change", String(change));
  return url.href;
}

function cannotRead(path: string) {
  return (error: unknown): never => {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(`Cannot read the mapping "${path}": ${why}; check the path`);
  };
}
