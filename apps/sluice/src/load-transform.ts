import { createTransform, type MappingPolicy, type Transform } from "@sluice/inventory";
import { ConfigError } from "@sluice/service";
import type { TransformRecipe } from "@sluice/worker";
import type { ConnectorSettings } from "./config/account-settings.ts";
import { loadMapping, MappingError, type MappingSource } from "./load-mapping.ts";

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
export async function loadTransform(settings: TransformSettings): Promise<Transform> {
  const { policy, mapping: source } = settings;
  if (source === null) return createTransform(policy);
  const { mapping } = await loadMapping(source);
  return createTransform(policy, mapping);
}

/** By UUID, the functions of connectors of one account. */
export type Transforms = ReadonlyMap<string, Transform>;

/** Loads those of all connectors. Throws a `ConfigError` with every mistake of every mapping. */
export async function loadTransforms(
  connectors: readonly Pick<ConnectorSettings, "uuid" | "transform">[],
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
