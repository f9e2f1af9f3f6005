import type { DatabaseSync } from "node:sqlite";
import { query, transaction, type Query } from "../store/database.ts";
import type { Delivery } from "./inventory.ts";

/** What became of an asset of one call: `ignored` where the call had no effect. */
type ReceiptOutcome = "imported" | "refused" | "ignored";

interface ReceiptRow {
  readonly number: number;
  readonly call: number;
  readonly at_ms: number;
  readonly connector_uuid: string;
  readonly native_key: string;
  readonly outcome: ReceiptOutcome;
  readonly received: string;
}

/** One asset of one call, as it arrived. */
export interface Receipt {
  /** Counts from 1 in the order in which the sandbox dealt with them. */
  readonly number: number;
  /** The number of its call in the audit. */
  readonly call: number;
  readonly atMs: number;
  readonly connectorUuid: string;
  readonly sourceNativeKey: string;
  readonly outcome: ReceiptOutcome;
  /** What was sent, field for field. */
  readonly received: unknown;
}

/**
 * Every asset of every call that passed the checks, in order, also of those that a fault kept from being processed: the
 * ledger by which an audit tells what a client has sent. Only kept where it is asked for, as it grows with every call.
 */
export class Receipts {
  readonly #database: DatabaseSync;
  readonly #insert: Query;
  readonly #page: Query<ReceiptRow>;

  constructor(database: DatabaseSync) {
    database.exec(
      `CREATE TABLE IF NOT EXISTS receipt (number INTEGER PRIMARY KEY, call INTEGER NOT NULL, at_ms REAL NOT NULL,
        connector_uuid TEXT NOT NULL, native_key TEXT NOT NULL, outcome TEXT NOT NULL, received TEXT NOT NULL) STRICT`,
    );
    this.#database = database;
    this.#insert = query(database, "INSERT INTO receipt VALUES (NULL, ?, ?, ?, ?, ?, ?)");
    this.#page = query(database, "SELECT * FROM receipt WHERE number > ? ORDER BY number LIMIT ?");
  }

  /** Enters the assets of a call, with one outcome for each. */
  add(
    call: number,
    atMs: number,
    { connector, assets }: Delivery,
    outcomeOf: (index: number) => ReceiptOutcome,
  ): void {
    transaction(this.#database, () => {
      for (const [index, { asset, received }] of assets.entries()) {
        const { sourceNativeKey } = asset.identityAttributes;
        const outcome = outcomeOf(index);
        this.#insert.run(call, atMs, connector.uuid, sourceNativeKey, outcome, received);
      }
    });
  }

  /** Those after `number`, the oldest first. */
  after(number: number, limit: number): Receipt[] {
    return this.#page.all(number, limit).map((row) => ({
      number: row.number,
      call: row.call,
      atMs: row.at_ms,
      connectorUuid: row.connector_uuid,
      sourceNativeKey: row.native_key,
      outcome: row.outcome,
      received: JSON.parse(row.received) as unknown,
    }));
  }
}
