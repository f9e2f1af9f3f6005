import type { DatabaseSync } from "node:sqlite";
import { query, type Query } from "../store/database.ts";
import type { Summary } from "./summary.ts";

/** An asset of the unified inventory, as the store has it. */
export interface AssetRow {
  readonly id: number;
  readonly name: string | null;
  readonly address: string | null;
  readonly operating_system: string | null;
  readonly severity: number;
  /** How many records it is made of. */
  readonly records: number;
  readonly created_ms: number;
  readonly updated_ms: number;
}

/** The statements on single assets. */
export class Assets {
  readonly #find: Query<AssetRow>;
  readonly #insert: Query;
  readonly #update: Query;
  readonly #lastId: Query<{ id: number }>;
  readonly #trust: Query<{ trust: number }>;

  constructor(database: DatabaseSync) {
    this.#find = query(database, "SELECT * FROM asset WHERE id = ?");
    this.#insert = query(database, "INSERT INTO asset VALUES (?, ?, ?, ?, ?, 1, ?, ?)");
    this.#update = query(
      database,
      "UPDATE asset SET name = ?, address = ?, operating_system = ?, severity = ?, records = ?, updated_ms = ? WHERE id = ?",
    );
    this.#lastId = query(database, "SELECT coalesce(max(id), 0) AS id FROM asset");
    this.#trust = query(
      database,
      "SELECT coalesce(max(trust), 0) AS trust FROM record JOIN connector ON connector.id = connector_id WHERE asset_id = ?",
    );
  }

  /** The id given last, 0 before the first. */
  get lastId(): number {
    return this.#lastId.get()?.id ?? 0;
  }

  find(id: number): AssetRow | undefined {
    return this.#find.get(id);
  }

  insert(id: number, { name, address, operatingSystem, severity }: Summary, nowMs: number): void {
    this.#insert.run(id, name, address, operatingSystem, severity, nowMs, nowMs);
  }

  update(id: number, summary: Summary, records: number, nowMs: number): void {
    const { name, address, operatingSystem, severity } = summary;
    this.#update.run(name, address, operatingSystem, severity, records, nowMs, id);
  }

  /** The one that was updated last; of several, the one with the most trusted source, then the oldest. */
  prefer(ids: readonly number[]): number {
    const [first, ...others] = ids.map((id) => ({
      id,
      updatedMs: this.find(id)?.updated_ms ?? 0,
      trust: this.#trust.get(id)?.trust ?? 0,
    }));
    if (first === undefined) throw new Error("Cannot prefer an asset: there is none");
    return others.reduce((best, other) => {
      const order =
        other.updatedMs - best.updatedMs || other.trust - best.trust || best.id - other.id;
      return order > 0 ? other : best;
    }, first).id;
  }
}
