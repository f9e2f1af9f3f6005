import {
  createTransform,
  hasDefaultKeys,
  type MappingPolicy,
  type Transform,
} from "@sluice/inventory";
import { MappingCoverage, type SilentPart } from "@sluice/mapping";
import { ConfigError } from "@sluice/service";
import type { TransformRecipe } from "@sluice/worker";
import { loadMapping, MappingError, type MappingSource } from "./load-mapping.ts";
import type { LoadedMapping } from "./mapping-file.ts";

/** How one connector's records become assets: plain data, so that any process or thread can make the function of it. */
export interface TransformSettings {
  policy: MappingPolicy;
  /** Null for the built-in mapping. */
  mapping: MappingSource | null;
}

/** How another process comes to the same function. */
export function recipeFor(settings: TransformSettings): TransformRecipe {
  return { module: import.meta.url, settings };
}

/** The function for these settings. Throws a `CommandError` with every mistake of the mapping. */
export async function loadTransform({ policy, mapping }: TransformSettings): Promise<Transform> {
  return createTransform(policy, mapping && (await loadMappingFor(policy, mapping)).mapping);
}

/** The same function, and what of a declarative mapping has given nothing so far. */
export async function loadWatchedTransform({
  policy,
  mapping: source,
}: TransformSettings): Promise<{
  transform: Transform;
  silent: () => readonly SilentPart[];
}> {
  if (source === null) return { transform: createTransform(policy), silent: () => [] };
  const { mapping, spec } = await loadMappingFor(policy, source);
  if (spec === null) return { transform: createTransform(policy, mapping), silent: () => [] };
  const coverage = new MappingCoverage(spec);
  const transform = createTransform(policy, coverage.watch(mapping));
  return { transform, silent: () => coverage.silent() };
}

/** The mapping of a connector. Key fields are fields of the mapping, so it has to make those that the connector names. */
export async function loadMappingFor(
  policy: MappingPolicy,
  source: MappingSource,
): Promise<LoadedMapping> {
  const loaded = await loadMapping(source);
  if (loaded.spec === null || hasDefaultKeys(policy)) return loaded;
  const { fields } = loaded.spec;
  const missing = policy.keyFields.filter((name) => !Object.hasOwn(fields, name));
  if (missing.length === 0) return loaded;
  const made = Object.keys(fields).join(", ");
  throw new MappingError(source.path, [
    `the key fields ${missing.join(", ")} are none of its fields, which are ${made}; name some of these`,
  ]);
}

/** By UUID, the functions of connectors of one account. */
export type Transforms = ReadonlyMap<string, Transform>;

/** Loads those of all connectors. Throws a `ConfigError` with every mistake of every mapping. */
export async function loadTransforms(
  connectors: readonly { uuid: string; transform: TransformSettings }[],
): Promise<Transforms> {
  const transforms = new Map<string, Transform>();
  const problems: string[] = [];
  for (const { uuid, transform } of connectors) {
    try {
      transforms.set(uuid, await loadTransform(transform));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      problems.push(...(error instanceof MappingError ? error.problems : [message]));
    }
  }
  if (problems.length > 0) throw new ConfigError([...new Set(problems)]);
  return transforms;
}
