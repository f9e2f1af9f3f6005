import type { ImportedAsset } from "../asset-schema.ts";
import { defaultBehaviour, type Behaviour } from "../behaviour.ts";
import type { Connector, KnownConnector } from "../connectors/connector.ts";
import { Connectors } from "../connectors/connectors.ts";
import type { AttributeName } from "../identification/attributes.ts";
import type { Identification, IdentificationRule } from "../identification/rules.ts";
import { openDatabase } from "../store/database.ts";
import { Inventory } from "./inventory.ts";

/** An inventory in memory, and pushes of single assets into it. */
export interface TestInventory {
  readonly inventory: Inventory;
  readonly connectors: Connectors;
  readonly connector: (name: string, given?: Partial<Connector>) => KnownConnector;
  readonly push: (connector: KnownConnector, asset: ImportedAsset, nowMs?: number) => void;
}

export function createTestInventory(changes: Partial<Behaviour> = {}): TestInventory {
  const database = openDatabase(null);
  const connectors = new Connectors(database);
  const inventory = new Inventory(database, connectors, 1_000);
  const policy = { ...defaultBehaviour, ...changes };
  return {
    inventory,
    connectors,
    connector(name, given = {}) {
      const created = connectors.create({ name, enabled: true, ...given }, 0);
      inventory.indexForRules(policy.requiredMeans);
      return created;
    },
    push(connector, asset, nowMs = 1) {
      const assets = [{ asset, received: JSON.stringify(asset) }];
      const delivery = { connector, requestId: "r", source: connector.name, assets };
      inventory.import(delivery, nowMs, policy);
    },
  };
}

/** An asset with a key and identity attributes. */
export function assetOf(sourceNativeKey: string, identity: object = {}, rest: object = {}) {
  return { identityAttributes: { sourceNativeKey, ...identity }, ...rest };
}

/** A selected rule. */
export function ruleOf(...attributes: AttributeName[]): IdentificationRule {
  return { name: attributes.join(" and "), attributes, required: true };
}

export function identificationOf(
  rules: readonly IdentificationRule[],
  changes: Partial<Identification> = {},
): Identification {
  return { rules, createUnmanagedAsset: true, applyDefaultRule: true, ...changes };
}
