import type { Account, Queues } from "@sluice/queue";

/** A connector into which assets may be sent. */
export interface IntakeConnector {
  /** The connector as the workers know it. */
  uuid: string;
  /** Whose it is. */
  account: Account;
  queues: Queues;
}

/** The connectors by name. The map may change while the intake runs. */
export type IntakeConnectors = ReadonlyMap<string, IntakeConnector>;

/** The accounts of the connectors, each once. */
export function accountsOf(connectors: IntakeConnectors): readonly Account[] {
  return [...new Set(connectors.values().map(({ account }) => account))];
}
