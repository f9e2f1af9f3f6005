import { Console } from "node:console";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  mappingSchema,
  moduleMapping,
  placeText,
  problemsOf,
  type MappingDefinition,
  type MappingSpec,
} from "@sluice/mapping";
import { readYaml } from "@sluice/service";
import { z } from "zod";
import { CommandError } from "../exit-codes.ts";
import { compiledOf, isModule, readMapping, type LoadedMapping } from "./mapping-file.ts";

/** Where a mapping is; plain data. */
export type MappingSource =
  /** A declarative mapping (YAML or JSON), or a module. */
  | { kind: "file"; path: string }
  /** A declarative mapping that stands in a file at a place. */
  | { kind: "inline"; spec: MappingSpec; path: string; place: readonly string[] };

/** Every mistake of a mapping's file, each with its place. */
export class MappingError extends CommandError {
  readonly problems: readonly string[];

  constructor(path: string, problems: readonly string[]) {
    super(`Cannot use the mapping "${path}":\n  ${problems.join("\n  ")}`);
    this.problems = problems;
  }
}

/** Loads a mapping. Throws a `CommandError` with every mistake and its place. */
export async function loadMapping(source: MappingSource): Promise<LoadedMapping> {
  if (source.kind === "inline") return compileInline(source);
  const { path } = source;
  const text = await readFile(path, "utf8").catch(cannotRead(path));
  if (isModule(path)) return await loadModule(path, text);
  const read = readMapping(path, text);
  if (read.kind === "wrong") throw new MappingError(path, read.problems);
  return read.loaded;
}

/** Its mistakes were told with those of the file around it. */
function compileInline({ spec, path, place }: MappingSource & { kind: "inline" }): LoadedMapping {
  return compiledOf(spec, (inner) => {
    const yaml = readYaml(readFileSync(path, "utf8"), z.unknown());
    if (yaml.kind === "wrong") return null;
    return `${path}:${yaml.locate({ path: [...place, ...inner], message: "" }).line}`;
  });
}

/** What was loaded under which number. A module is kept under its address for ever: a changed one needs another. */
const loadedTexts = new Map<string, { text: string; change: number }>();
let changes = 0;

async function loadModule(path: string, text: string): Promise<LoadedMapping> {
  resolveOurs();
  keepStdout();
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

/** What a mapping prints is no result of the command: its lines go where the log goes. */
function keepStdout(): void {
  globalThis.console = new Console(process.stderr);
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
