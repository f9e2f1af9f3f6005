import { assetId, fingerprint, type Asset } from "@sluice/inventory";
import { counterOf, isPoison } from "./inventory.ts";
import type { HeldAsset, Receipt } from "./sandbox-process.ts";

/** Invariant (c): once a version was taken, the sandbox never gets an older one of that asset. */
export function auditOrder(receipts: readonly Receipt[]): string[] {
  const newest = new Map<string, number>();
  const problems: string[] = [];
  for (const { number, call, sourceNativeKey: key, outcome, received } of receipts) {
    const counter = counterOf(received.coreAttributes.operatingSystem);
    const before = newest.get(key) ?? 0;
    if (counter < before) {
      problems.push(`receipt ${number} (call ${call}): ${key} in state ${counter} after ${before}`);
    }
    if (outcome === "imported") newest.set(key, Math.max(before, counter));
  }
  return problems;
}

/** The newest of all that the sandbox takes is there; what it never takes is a dead letter. */
export function auditNewest(
  newest: ReadonlyMap<string, number>,
  held: readonly HeldAsset[],
  letterKeys: readonly (string | null)[],
): string[] {
  const counters = new Map(
    held.map(({ sourceNativeKey, received }) => [
      sourceNativeKey,
      counterOf(received.coreAttributes.operatingSystem),
    ]),
  );
  const dead = new Set(letterKeys);
  return [...newest].flatMap(([key, counter]) => {
    const has = counters.get(key);
    if (isPoison(key)) {
      return has === undefined && dead.has(key)
        ? []
        : [
            `${key} is poison: the sandbox has it: ${has !== undefined}, a letter: ${dead.has(key)}`,
          ];
    }
    return has === counter && !dead.has(key)
      ? []
      : [`${key}: state ${counter} was loaded, the sandbox has ${has}, a letter: ${dead.has(key)}`];
  });
}

/** An answer never came, and the asset was refused later: nobody knows what Qualys has of it. */
const UNKNOWN = "0".repeat(16);

/** Invariant (b), at rest: the ledger has what the sandbox has, and nothing else. */
export function auditLedger(
  ledger: ReadonlyMap<string, string>,
  held: readonly HeldAsset[],
): string[] {
  const expected = new Map(
    held.map(({ sourceNativeKey, received }) => [
      assetId(sourceNativeKey).toString("hex"),
      { key: sourceNativeKey, print: fingerprint(received as unknown as Asset).toString("hex") },
    ]),
  );
  const known = [...ledger].filter(([, print]) => print !== UNKNOWN);
  const strangers = known.filter(([id]) => !expected.has(id));
  return [
    ...strangers.map(([id]) => `the ledger has ${id}, the sandbox has not`),
    ...[...expected].flatMap(([id, { key, print }]) =>
      ledger.get(id) === print ? [] : [`${key}: the ledger has not what the sandbox has`],
    ),
  ];
}
