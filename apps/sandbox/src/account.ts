import type { DatabaseSync } from "node:sqlite";
import { Tokens } from "./auth.ts";
import { changeBehaviour, type Behaviour, type BehaviourChanges } from "./behaviour.ts";
import { CallLedger } from "./call-ledger.ts";
import { Connectors } from "./connectors/connectors.ts";
import { FaultScript } from "./faults/fault-script.ts";
import { Accepted } from "./inventory/accepted.ts";
import { Intake } from "./inventory/intake.ts";
import { Inventory } from "./inventory/inventory.ts";
import { Receipts } from "./inventory/receipts.ts";
import { Limiter } from "./limiter.ts";
import { changeLimits, type LimitChanges, type Settings } from "./options.ts";
import { openDatabase } from "./store/database.ts";

export const endpointNames = ["import", "search", "count", "get"] as const;

/** The endpoints that limits are kept for, each by itself, as the platform counts per API and subscription. */
export type EndpointName = (typeof endpointNames)[number];

/** The budget and the audit of one endpoint. */
export interface Endpoint {
  readonly limiter: Limiter;
  readonly ledger: CallLedger;
}

/** All that a sandbox knows: one subscription with its connectors, budgets and assets. */
export interface Account {
  readonly settings: Settings;
  /** Changed by `configureBehaviour`. */
  behaviour: Behaviour;
  readonly tokens: Tokens;
  readonly database: DatabaseSync;
  readonly connectors: Connectors;
  readonly endpoints: Readonly<Record<EndpointName, Endpoint>>;
  readonly inventory: Inventory;
  readonly accepted: Accepted;
  readonly intake: Intake;
  /** Null where none are kept. */
  readonly receipts: Receipts | null;
  readonly faults: FaultScript;
  /** How many assets were accepted and not kept, where the mode is not `full`. */
  passed: number;
  /** Aborted when the sandbox closes: ends every wait. */
  readonly closing: AbortSignal;
}

/** Throws when the store cannot be opened. */
export function createAccount(settings: Settings, closing: AbortSignal): Account {
  const endpoint = (): Endpoint => ({
    limiter: new Limiter(settings.limits),
    ledger: new CallLedger(),
  });
  const database = openDatabase(settings.store);
  const connectors = new Connectors(database);
  const inventory = new Inventory(database, connectors);
  const accepted = new Accepted(database);
  const { nowMs } = settings;
  const policy = () => account.behaviour;
  addConnectors(connectors, settings);
  const account: Account = {
    settings,
    behaviour: settings.behaviour,
    tokens: new Tokens(policy),
    database,
    connectors,
    endpoints: { import: endpoint(), search: endpoint(), count: endpoint(), get: endpoint() },
    inventory,
    accepted,
    intake: new Intake({ accepted, inventory, connectors, policy, nowMs }),
    receipts: settings.receipts ? new Receipts(database) : null,
    faults: new FaultScript(settings.faults),
    passed: 0,
    closing,
  };
  inventory.indexForRules(account.behaviour.requiredMeans);
  return account;
}

/** Ends what goes on by itself, and closes the store. */
export function closeAccount({ intake, database }: Account): void {
  intake[Symbol.dispose]();
  database.close();
}

/** Changes the limits of every endpoint. Throws a `RangeError` for limits that make no sense. */
export function configureLimits(account: Account, changes: LimitChanges): void {
  for (const { limiter } of Object.values(account.endpoints)) {
    limiter.configure(changeLimits(limiter.limits, changes));
  }
}

/** Changes the behaviour, which must have been checked. */
export function configureBehaviour(account: Account, changes: BehaviourChanges): void {
  const before = account.behaviour;
  account.behaviour = changeBehaviour(before, changes);
  if (account.behaviour.requiredMeans !== before.requiredMeans) {
    account.inventory.indexForRules(account.behaviour.requiredMeans);
  }
}

/** Adds the connectors that the sandbox is started with to those of the store, and one where there is none. */
function addConnectors(connectors: Connectors, settings: Settings): void {
  for (const given of settings.connectors) {
    if (connectors.find(given.uuid) === undefined) connectors.create(given, settings.nowMs());
  }
  if (connectors.all.length === 0) {
    connectors.create({ name: "sandbox", enabled: true }, settings.nowMs());
  }
}
