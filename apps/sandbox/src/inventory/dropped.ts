import type { DatabaseSync } from "node:sqlite";
import type { LogEntry } from "../identification/log.ts";
import { query, type Query } from "../store/database.ts";

/** An import that was dropped. */
export interface DroppedRow {
  readonly id: number;
  readonly connector_id: number;
  readonly native_key: string;
  /** The entry of the identification log, as JSON. */
  readonly entry: string;
}

const rowsMax = 10_000;

/** The last 10,000 imports that were dropped, and how many there ever were. */
export class Dropped {
  readonly #insert: Query;
  readonly #forget: Query;
  readonly #page: Query<DroppedRow>;
  #count: number;

  constructor(database: DatabaseSync) {
    this.#insert = query(database, "INSERT INTO dropped VALUES (?, ?, ?, ?)");
    this.#forget = query(database, "DELETE FROM dropped WHERE id <= ?");
    this.#page = query(
      database,
      "SELECT * FROM dropped WHERE id < ? AND (?2 IS NULL OR connector_id = ?2) ORDER BY id DESC LIMIT ?",
    );
    const last = query<{ id: number | null }>(database, "SELECT max(id) AS id FROM dropped").get();
    this.#count = last?.id ?? 0;
  }

  /** How many there ever were. */
  get count(): number {
    return this.#count;
  }

  add(connectorId: number, nativeKey: string, entry: LogEntry): void {
    this.#count += 1;
    this.#insert.run(this.#count, connectorId, nativeKey, JSON.stringify(entry));
    this.#forget.run(this.#count - rowsMax);
  }

  /** Those before `id`, the newest first; of one connector or, with `null`, of all. */
  before(id: number, connectorId: number | null, limit: number): DroppedRow[] {
    return this.#page.all(id, connectorId, limit);
  }
}
