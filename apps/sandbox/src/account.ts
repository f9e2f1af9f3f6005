import { Tokens } from "./auth.ts";
import { CallLedger } from "./call-ledger.ts";
import { FaultScript } from "./faults.ts";
import { Inventory } from "./inventory.ts";
import { Limiter } from "./limiter.ts";
import { changeLimits, type LimitChanges, type Settings } from "./options.ts";
import type { Connector } from "./import-request.ts";

/** The endpoints that limits are kept for, each by itself, as the platform counts per API and subscription. */
export type EndpointName = "import" | "search" | "count" | "get";

/** The budget and the audit of one endpoint. */
export interface Endpoint {
  readonly limiter: Limiter;
  readonly ledger: CallLedger;
}

/** All that a sandbox knows: one subscription with its connectors, budgets and assets. */
export interface Account {
  readonly settings: Settings;
  readonly tokens: Tokens;
  /** By UUID in lower case. */
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly endpoints: Readonly<Record<EndpointName, Endpoint>>;
  readonly inventory: Inventory;
  readonly faults: FaultScript;
  /** Aborted when the sandbox closes: ends every wait. */
  readonly closing: AbortSignal;
}

export function createAccount(settings: Settings, closing: AbortSignal): Account {
  const endpoint = (): Endpoint => ({
    limiter: new Limiter(settings.limits),
    ledger: new CallLedger(),
  });
  return {
    settings,
    tokens: new Tokens(settings.tokenLifetimeMs, settings.servesClients),
    connectors: new Map(settings.connectors.map((known) => [known.uuid.toLowerCase(), known])),
    endpoints: { import: endpoint(), search: endpoint(), count: endpoint(), get: endpoint() },
    inventory: new Inventory(),
    faults: new FaultScript(),
    closing,
  };
}

/** Changes the limits of every endpoint. Throws a `RangeError` for limits that make no sense. */
export function configureLimits(account: Account, changes: LimitChanges): void {
  for (const { limiter } of Object.values(account.endpoints)) {
    limiter.configure(changeLimits(limiter.limits, changes));
  }
}
