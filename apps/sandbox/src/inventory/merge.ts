import { itemKeys, sentItems, type Kept, type RecordContent } from "./keep-absent.ts";
import { summariseAll, type Summary } from "./summary.ts";

type Json = Readonly<Record<string, unknown>>;

/** One source's part in an asset. */
export interface Part extends RecordContent {
  readonly connectorUuid: string;
  readonly trust: number;
  readonly updatedAtMs: number;
}

/** An asset of the unified inventory, made of all that its sources sent. */
export interface MergedAsset {
  readonly attributes: { readonly identityAttributes: Json; readonly coreAttributes: Json };
  readonly softwares: readonly Json[];
  readonly ports: readonly Json[];
  readonly findings: readonly Json[];
}

const lists = new Set(["softwares", "ports"]);

/**
 * Merges the parts of an asset. Of each attribute counts the value of the most trusted source that has one, of equally
 * trusted ones the freshest; software, ports and findings are those of all sources, each once, in the words of the source
 * that reported it last, so that its status of a finding counts.
 */
export function mergeParts(parts: readonly Part[]): MergedAsset {
  const received = weakestFirst(parts).map((part) => part.received);
  return {
    attributes: {
      identityAttributes: overlay(received.map((asset) => asset.identityAttributes)),
      coreAttributes: overlay(
        received.map((asset) => asset.coreAttributes ?? {}),
        lists,
      ),
    },
    softwares: mergeItems(parts, "softwares"),
    ports: mergeItems(parts, "ports"),
    findings: mergeItems(parts, "findings"),
  };
}

/** Sums the parts of an asset up. */
export function summariseParts(parts: readonly Part[]): Summary {
  const strongestFirst = weakestFirst(parts).toReversed();
  return summariseAll(
    strongestFirst.map(({ received }) => received),
    mergeItems(parts, "findings"),
  );
}

function weakestFirst(parts: readonly Part[]): Part[] {
  return [...parts].sort((a, b) => a.trust - b.trust || a.updatedAtMs - b.updatedAtMs);
}

/** Later values win, but addresses and the like come together; nothing does not count as a value. */
function overlay(objects: readonly Json[], left: ReadonlySet<string> = new Set()): Json {
  const merged = new Map<string, unknown>();
  for (const [name, value] of objects.flatMap((object) => Object.entries(object))) {
    if (value === null || value === undefined || left.has(name)) continue;
    merged.set(name, isTexts(value) ? united(merged.get(name), value) : value);
  }
  return Object.fromEntries(merged);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

function united(before: unknown, texts: readonly string[]): string[] {
  return [...new Set([...(isTexts(before) ? before : []), ...texts])];
}

function mergeItems(parts: readonly Part[], kind: keyof Kept): Json[] {
  const merged = new Map<string, { item: Json; connectors: Set<string> }>();
  const oldestFirst = [...parts].sort((a, b) => a.updatedAtMs - b.updatedAtMs);
  const add = (items: readonly Json[], connectorUuid: string) => {
    for (const item of items) {
      const key = itemKeys[kind](item);
      const connectors = merged.get(key)?.connectors ?? new Set();
      merged.set(key, { item, connectors: connectors.add(connectorUuid) });
    }
  };
  // What a source only used to send counts less than what another one sends.
  for (const { kept, connectorUuid } of oldestFirst) add(kept?.[kind] ?? [], connectorUuid);
  for (const { received, connectorUuid } of oldestFirst) {
    add(sentItems(received, kind), connectorUuid);
  }
  return [...merged.values()].map(({ item, connectors }) => ({
    ...item,
    connectors: [...connectors],
  }));
}
