import { isJsonObject, type AssetError, type JsonObject } from "@sluice/inventory";
import { hasMessage, textOf } from "./server-message.ts";

/** What an answer's asset errors are matched by. */
export interface AssetIdentity {
  sourceNativeKey: string;
  /** Host names and the like, by which an answer may mean the asset. */
  names: readonly string[];
}

export interface AssetErrors {
  rejected: readonly AssetError[];
  unplaced: readonly string[];
}

const depthMax = 4;
const unplacedMax = 100;
const keyFields = ["sourceNativeKey", "nativeKey"] as const;
const nameFields = ["hostName", "hostname", "fqdn", "netBiosName", "assetName", "name"] as const;
const indexFields = ["index", "assetIndex"] as const;

/**
 * Finds the asset errors in a success answer and the assets they mean.
 *
 * `assetsError` is known to be an object, and Qualys does not document what is in it, so every likely shape is read: a map by source key, host name or index, or a list of objects,
 * in any member whose name speaks of failure. An error that fits no asset, or more than one, is kept
 * as text: placing it wrongly would give up a sound asset and lose the other.
 *
 * `assets` is called only when there is an error to place.
 */
export function assetErrors(body: JsonObject, assets: () => readonly AssetIdentity[]): AssetErrors {
  const search = new ErrorSearch(assets);
  for (const [name, value] of failures(body)) {
    search.visit(name, value, 0);
  }
  return search.found();
}

/** The members that speak of failure: `assetsError`, `errors`, `failedRecords`, `rejected` ... */
function failures(value: JsonObject): [string, unknown][] {
  return Object.entries(value).filter(
    ([name, member]) => /error|fail|reject|invalid/i.test(name) && !isNothing(member),
  );
}

function isNothing(value: unknown): boolean {
  return (
    value === null ||
    value === undefined ||
    value === false ||
    value === 0 ||
    (typeof value === "string" && value.trim() === "") ||
    (typeof value === "object" && Object.keys(value).length === 0)
  );
}

/** One walk over one answer. */
class ErrorSearch {
  readonly #assets: () => readonly AssetIdentity[];
  readonly #rejected = new Map<number, string>();
  readonly #unplaced: string[] = [];
  readonly #counts: string[] = [];
  #places: Places | undefined;

  constructor(assets: () => readonly AssetIdentity[]) {
    this.#assets = assets;
  }

  visit(name: string | null, value: unknown, depth: number): void {
    if (isNothing(value)) {
      return;
    }
    this.#places ??= placesOf(this.#assets());
    const index =
      (name === null ? null : this.#places.byAny(name)) ??
      placeOf(value, this.#places, name === null);
    if (index !== null) {
      this.#reject(index, textOf(value));
    } else if (typeof value === "number") {
      this.#counts.push(`${name ?? "count"}: ${value}`);
    } else {
      this.#descend(name, value, depth);
    }
  }

  /** A mere count of failures matters only when nothing tells which assets it counts. */
  found(): AssetErrors {
    const rejected = Array.from(this.#rejected, ([index, message]) => ({ index, message }));
    const isTold = rejected.length > 0 || this.#unplaced.length > 0;
    return {
      rejected: rejected.sort((a, b) => a.index - b.index),
      unplaced: (isTold ? this.#unplaced : this.#counts).slice(0, unplacedMax),
    };
  }

  #descend(name: string | null, value: unknown, depth: number): void {
    if (depth < depthMax && Array.isArray(value)) {
      for (const item of value as unknown[]) {
        this.visit(null, item, depth + 1);
      }
    } else if (depth < depthMax && isJsonObject(value) && !isLeaf(value)) {
      const inner = failures(value);
      for (const [member, item] of inner.length > 0 ? inner : Object.entries(value)) {
        this.visit(member, item, depth + 1);
      }
    } else {
      this.#unplaced.push(name === null ? textOf(value) : `${name}: ${textOf(value)}`);
    }
  }

  #reject(index: number, message: string): void {
    const before = this.#rejected.get(index);
    this.#rejected.set(index, before === undefined ? message : `${before}; ${message}`);
  }
}

/** An error in words, as opposed to an envelope with words of its own around the errors. */
function isLeaf(value: JsonObject): boolean {
  return hasMessage(value) && !failures(value).some(([, member]) => typeof member === "object");
}

/** How an answer may name an asset; `null` when it names none, or nobody knows which. */
interface Places {
  byKey(key: string): number | null;
  byName(name: string): number | null;
  byIndex(index: unknown): number | null;
  byAny(text: string): number | null;
}

function placesOf(assets: readonly AssetIdentity[]): Places {
  const keys = new Map<string, number>();
  const names = new Map<string, number | null>();
  assets.forEach(({ sourceNativeKey, names: own }, index) => {
    keys.set(sourceNativeKey, index);
    for (const name of new Set(own.map((text) => text.toLowerCase()))) {
      names.set(name, names.has(name) ? null : index);
    }
  });
  function byKey(key: string): number | null {
    return keys.get(key) ?? null;
  }
  function byName(name: string): number | null {
    return names.get(name.toLowerCase()) ?? null;
  }
  function byIndex(told: unknown): number | null {
    const index = typeof told === "string" && /^\d{1,9}$/.test(told) ? Number(told) : told;
    return typeof index === "number" && assets[index] !== undefined ? index : null;
  }
  /** Where source keys are numbers, "3" may be a key or an index: two answers are none. */
  function byAny(text: string): number | null {
    const key = byKey(text);
    const index = byIndex(text);
    const isAmbiguous = key !== null && index !== null && key !== index;
    return isAmbiguous ? null : (key ?? index ?? byName(text));
  }
  return { byKey, byName, byIndex, byAny };
}

/** The asset that an error itself names: an object by its fields, an item of a list by its text. */
function placeOf(value: unknown, places: Places, isItem: boolean): number | null {
  if (typeof value === "string") {
    return isItem ? places.byAny(value) : null;
  }
  if (!isJsonObject(value)) {
    return null;
  }
  const identity = isJsonObject(value["identityAttributes"]) ? value["identityAttributes"] : {};
  const told = { ...value, ...identity };
  return (
    firstPlace(told, keyFields, (field) => places.byKey(textOf(field))) ??
    firstPlace(told, nameFields, (field) => places.byName(textOf(field))) ??
    firstPlace(value, indexFields, (field) => places.byIndex(field))
  );
}

function firstPlace(
  record: JsonObject,
  fields: readonly string[],
  place: (value: unknown) => number | null,
): number | null {
  for (const field of fields) {
    const index = record[field] === undefined ? null : place(record[field]);
    if (index !== null) {
      return index;
    }
  }
  return null;
}
