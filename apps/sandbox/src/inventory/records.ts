import type { DatabaseSync } from "node:sqlite";
import type { ImportedAsset } from "../asset-schema.ts";
import { query, type Query } from "../store/database.ts";
import type { Kept, RecordContent } from "./keep-absent.ts";

/** What one connector sent under one source native key, as the store has it. */
export interface RecordRow {
  readonly id: number;
  readonly connector_id: number;
  readonly native_key: string;
  readonly asset_id: number;
  readonly source: string | null;
  readonly created_ms: number;
  readonly updated_ms: number;
  /** The identification log, as JSON. */
  readonly log: string;
  readonly kept: string | null;
  readonly received: string;
}

/** What of a record becomes part of its asset. */
export type PartRow = Pick<RecordRow, "connector_id" | "updated_ms" | "kept" | "received">;

/** The statements on records. */
export class Records {
  readonly #find: Query<RecordRow>;
  readonly #ofAsset: Query<RecordRow>;
  readonly #others: Query<PartRow>;
  readonly #insert: Query;
  readonly #update: Query;
  readonly #page: Query<RecordRow>;
  readonly #lastId: Query<{ id: number }>;

  constructor(database: DatabaseSync) {
    this.#find = query(database, "SELECT * FROM record WHERE connector_id = ? AND native_key = ?");
    this.#ofAsset = query(database, "SELECT * FROM record WHERE asset_id = ? ORDER BY id");
    this.#others = query(
      database,
      "SELECT connector_id, updated_ms, kept, received FROM record WHERE asset_id = ? AND id <> ?",
    );
    this.#insert = query(
      database,
      "INSERT INTO record (id, connector_id, native_key, asset_id, source, created_ms, updated_ms, log, received) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#update = query(
      database,
      "UPDATE record SET source = ?, updated_ms = ?, log = ?, kept = ?, received = ? WHERE id = ?",
    );
    this.#page = query(database, "SELECT * FROM record WHERE id > ? ORDER BY id LIMIT 1000");
    this.#lastId = query(database, "SELECT coalesce(max(id), 0) AS id FROM record");
  }

  /** The id given last, 0 before the first. */
  get lastId(): number {
    return this.#lastId.get()?.id ?? 0;
  }

  find(connectorId: number, nativeKey: string): RecordRow | undefined {
    return this.#find.get(connectorId, nativeKey);
  }

  /** In the order in which they came to the asset. */
  ofAsset(assetId: number): RecordRow[] {
    return this.#ofAsset.all(assetId);
  }

  /** The other records of a record's asset. */
  others({ asset_id: assetId, id }: Pick<RecordRow, "asset_id" | "id">): PartRow[] {
    return this.#others.all(assetId, id);
  }

  /** All of them, in the order of their creation. */
  *all(): Generator<RecordRow> {
    let lastId = 0;
    for (let rows = this.#page.all(0); rows.length > 0; rows = this.#page.all(lastId)) {
      yield* rows;
      lastId = rows.at(-1)?.id ?? lastId;
    }
  }

  insert(row: Omit<RecordRow, "kept">): void {
    this.#insert.run(
      row.id,
      row.connector_id,
      row.native_key,
      row.asset_id,
      row.source,
      row.created_ms,
      row.updated_ms,
      row.log,
      row.received,
    );
  }

  /** Replaces what was sent. */
  update({ id, source, updated_ms: updatedMs, log, kept, received }: RecordRow): void {
    this.#update.run(source, updatedMs, log, kept, received, id);
  }
}

/** What the source sent, and what was kept of what it had sent before. */
export function contentOf({ received, kept }: PartRow): RecordContent {
  return {
    received: JSON.parse(received) as ImportedAsset,
    kept: kept === null ? null : (JSON.parse(kept) as Kept),
  };
}
