import type { ImportedAsset } from "../asset-schema.ts";
import { attributeValues, type AttributeName } from "./attributes.ts";
import {
  nativeKeyRule,
  rulesTried,
  type Identification,
  type IdentificationRule,
  type RequiredMeaning,
} from "./rules.ts";

/** What one rule found; `no-value`: the asset lacks an attribute of the rule. */
export interface RuleTrial {
  readonly rule: string;
  readonly result: "none" | "one" | "several" | "no-value";
  /** At most 10 of those that match, the newest first. */
  readonly assetIds: readonly number[];
}

/** What becomes of an asset that the source native key did not find. */
export type Decision = { readonly reason: string; readonly tried: readonly RuleTrial[] } & (
  | { readonly outcome: "merged"; readonly assetId: number }
  | { readonly outcome: "created" | "dropped" }
);

/** The attributes of a rule, each with the values of which one must match. */
export type Wanted = readonly {
  readonly name: AttributeName;
  readonly values: readonly string[];
}[];

/** The inventory, as identification looks at it. */
export interface Inventoried {
  /** The assets that have every attribute wanted, the newest first, of very many only the newest. */
  matches(wanted: Wanted): readonly number[];
  /** The one that was updated last; of several, the one with the most trusted source, then the oldest. */
  prefer(assetIds: readonly number[]): number;
}

const idsShown = 10;

/**
 * Tries the rules in their order on an asset whose source native key is new. The first rule that matches a single asset
 * decides. Where a rule matches several, the next one is asked; after the last, the default rule chooses among its matches,
 * or the asset counts as not matched.
 */
export function identify(
  asset: ImportedAsset,
  identification: Identification,
  meaning: RequiredMeaning,
  inventory: Inventoried,
): Decision {
  const tried: RuleTrial[] = [{ rule: nativeKeyRule, result: "none", assetIds: [] }];
  let matches: readonly number[] = [];
  for (const rule of rulesTried(identification, meaning)) {
    const wanted = wantedBy(rule, asset);
    if (wanted === undefined) {
      matches = [];
      tried.push({ rule: rule.name, result: "no-value", assetIds: [] });
      if (meaning === "mandatory" && rule.required) {
        const reason = `The rule "${rule.name}" is required, and the asset lacks ${missing(rule, asset)}`;
        return { outcome: "dropped", reason, tried };
      }
      continue;
    }
    matches = inventory.matches(wanted);
    tried.push(trial(rule, matches));
    const [only] = matches;
    if (only !== undefined && matches.length === 1) {
      const reason = `The rule "${rule.name}" matches asset ${only}`;
      return { outcome: "merged", assetId: only, reason, tried };
    }
  }
  return unmatched(identification, matches, tried, inventory);
}

/** What is decided after the last rule, which matched nothing or several. */
function unmatched(
  { applyDefaultRule, createUnmanagedAsset }: Identification,
  matches: readonly number[],
  tried: readonly RuleTrial[],
  inventory: Inventoried,
): Decision {
  const last = `the last rule, "${tried.at(-1)?.rule}"`;
  if (matches.length > 1 && applyDefaultRule) {
    const assetId = inventory.prefer(matches);
    const reason = `Several assets match ${last}; asset ${assetId} was updated last or has the more trusted source`;
    return { outcome: "merged", assetId, reason, tried };
  }
  const cause =
    matches.length > 1
      ? `Several assets match ${last}, and the default rule is off`
      : "No rule matches";
  return createUnmanagedAsset
    ? { outcome: "created", reason: `${cause}: a new unmanaged asset`, tried }
    : { outcome: "dropped", reason: `${cause}, and unmanaged assets are not created`, tried };
}

function wantedBy({ attributes }: IdentificationRule, asset: ImportedAsset): Wanted | undefined {
  const wanted = attributes.map((name) => ({ name, values: attributeValues(asset, name) }));
  return wanted.every(({ values }) => values.length > 0) ? wanted : undefined;
}

function missing({ attributes }: IdentificationRule, asset: ImportedAsset): string {
  return attributes.filter((name) => attributeValues(asset, name).length === 0).join(" and ");
}

function trial({ name }: IdentificationRule, matches: readonly number[]): RuleTrial {
  const result = matches.length === 0 ? "none" : matches.length === 1 ? "one" : "several";
  return { rule: name, result, assetIds: matches.slice(0, idsShown) };
}
