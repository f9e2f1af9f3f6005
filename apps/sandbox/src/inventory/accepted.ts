import type { DatabaseSync } from "node:sqlite";
import type { ImportedAsset } from "../asset-schema.ts";
import { query, type Query } from "../store/database.ts";
import type { Delivery } from "./inventory.ts";

interface AcceptedRow {
  readonly id: number;
  readonly due_ms: number;
  readonly connector_id: number;
  readonly request_id: string | null;
  readonly source: string | null;
  readonly assets: number;
  /** A JSON array. */
  readonly received: string;
}

/** A delivery that waits, its connector by id. */
export interface WaitingDelivery extends Omit<Delivery, "connector"> {
  readonly id: number;
  readonly connectorId: number;
}

/** The calls that were accepted and are not yet in the inventory, in the order in which they become due. */
export class Accepted {
  readonly #insert: Query;
  readonly #first: Query<AcceptedRow>;
  readonly #remove: Query;
  #assets: number;

  constructor(database: DatabaseSync) {
    this.#insert = query(
      database,
      "INSERT INTO accepted (due_ms, connector_id, request_id, source, assets, received) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#first = query(database, "SELECT * FROM accepted ORDER BY id LIMIT 1");
    this.#remove = query(database, "DELETE FROM accepted WHERE id = ?");
    this.#assets =
      query<{ assets: number }>(
        database,
        "SELECT coalesce(sum(assets), 0) AS assets FROM accepted",
      ).get()?.assets ?? 0;
  }

  /** How many assets wait. */
  get assetCount(): number {
    return this.#assets;
  }

  /** When the first becomes due, in epoch ms; `null` where none waits. */
  get dueMs(): number | null {
    return this.#first.get()?.due_ms ?? null;
  }

  add({ connector, requestId, source, assets }: Delivery, dueMs: number): void {
    const received = `[${assets.map((asset) => asset.received).join(",")}]`;
    this.#insert.run(dueMs, connector.id, requestId, source, assets.length, received);
    this.#assets += assets.length;
  }

  /** The first, which stays until it is removed. */
  first(): WaitingDelivery | undefined {
    const row = this.#first.get();
    if (row === undefined) return undefined;
    const assets = JSON.parse(row.received) as ImportedAsset[];
    return {
      id: row.id,
      connectorId: row.connector_id,
      requestId: row.request_id,
      source: row.source,
      assets: assets.map((asset) => ({ asset, received: JSON.stringify(asset) })),
    };
  }

  remove({ id, assets }: WaitingDelivery): void {
    this.#remove.run(id);
    this.#assets -= assets.length;
  }
}
