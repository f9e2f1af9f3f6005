import type { DatabaseSync } from "node:sqlite";
import type { ImportedAsset } from "../asset-schema.ts";
import { query, type Query } from "../store/database.ts";
import { attributeNames, attributeValues, type AttributeName } from "./attributes.ts";
import type { Wanted } from "./identify.ts";

/** The table of one attribute: which asset has which value, through which of its records. */
interface ValueTable {
  readonly add: Query;
  readonly remove: Query;
  readonly find: Query<{ asset_id: number }>;
  readonly has: Query<{ found: 1 }>;
}

/** A value that more assets share tells none of them apart: only the newest ones are looked at. */
const matchesMax = 100;

/** Finds assets by the values of their identity attributes: an index for each attribute that a rule uses, and no other. */
export class ValueIndex {
  readonly #database: DatabaseSync;
  readonly #tables = new Map<AttributeName, ValueTable>();
  readonly #assetById: Query<{ asset_id: number }>;

  /** Takes up the indexes that the store has. */
  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#assetById = query(database, "SELECT id AS asset_id FROM asset WHERE id = ?");
    const tables = query<{ name: string }>(
      database,
      "SELECT name FROM sqlite_schema WHERE type = 'table'",
    ).all();
    for (const name of attributeNames) {
      if (tables.some((table) => table.name === tableOf(name))) {
        this.#tables.set(name, openTable(database, name));
      }
    }
  }

  /** Sees to it that exactly these attributes are indexed; a new one is filled from every record there is. */
  cover(names: ReadonlySet<AttributeName>): void {
    for (const name of this.#tables.keys()) {
      if (names.has(name)) continue;
      this.#tables.delete(name);
      this.#database.exec(`DROP TABLE ${tableOf(name)}`);
    }
    const added = [...names].filter((name) => name !== "qualysAssetId" && !this.#tables.has(name));
    for (const name of added) {
      this.#database.exec(createTable(name));
      this.#tables.set(name, openTable(this.#database, name));
    }
    if (added.length > 0) this.#fill(added);
  }

  /** Enters the values of a record. */
  add(asset: ImportedAsset, assetId: number, recordId: number): void {
    for (const name of this.#tables.keys()) this.#addValues(name, asset, assetId, recordId);
  }

  /** Takes out what `add` entered. */
  remove(asset: ImportedAsset, assetId: number, recordId: number): void {
    for (const [name, table] of this.#tables) {
      for (const value of attributeValues(asset, name)) table.remove.run(value, assetId, recordId);
    }
  }

  /** The assets that have one of the values of each attribute, the newest first, at most 100. */
  matches(wanted: Wanted): readonly number[] {
    const [rarest, ...others] = wanted
      .map((attribute) => ({ ...attribute, found: this.#find(attribute) }))
      .sort((a, b) => a.found.length - b.found.length);
    if (rarest === undefined) return [];
    return others.length === 0
      ? rarest.found
      : rarest.found.filter((assetId) => others.every((other) => this.#has(other, assetId)));
  }

  #find({ name, values }: Wanted[number]): number[] {
    const find = name === "qualysAssetId" ? this.#assetById : this.#tables.get(name)?.find;
    if (find === undefined) throw new Error(`Cannot match by ${name}: it has no index`);
    const [only] = values;
    if (values.length === 1 && only !== undefined) {
      return find.all(only).map((row) => row.asset_id);
    }
    const found = new Set(values.flatMap((value) => find.all(value).map((row) => row.asset_id)));
    return [...found].sort((a, b) => b - a).slice(0, matchesMax);
  }

  #has({ name, values }: Wanted[number], assetId: number): boolean {
    if (name === "qualysAssetId") return values.some((value) => Number(value) === assetId);
    const has = this.#tables.get(name)?.has;
    return values.some((value) => has?.get(value, assetId) !== undefined);
  }

  #addValues(name: AttributeName, asset: ImportedAsset, assetId: number, recordId: number): void {
    const table = this.#tables.get(name);
    for (const value of attributeValues(asset, name)) table?.add.run(value, assetId, recordId);
  }

  #fill(names: readonly AttributeName[]): void {
    const page = query<{ id: number; asset_id: number; received: string }>(
      this.#database,
      "SELECT id, asset_id, received FROM record WHERE id > ? ORDER BY id LIMIT 1000",
    );
    let lastId = 0;
    for (let rows = page.all(0); rows.length > 0; rows = page.all(lastId)) {
      for (const { id, asset_id: assetId, received } of rows) {
        const asset = JSON.parse(received) as ImportedAsset;
        for (const name of names) this.#addValues(name, asset, assetId, id);
        lastId = id;
      }
    }
  }
}

function tableOf(name: AttributeName): string {
  return `value_of_${name}`;
}

function createTable(name: AttributeName): string {
  return `CREATE TABLE ${tableOf(name)} (
    value TEXT NOT NULL, asset_id INTEGER NOT NULL, record_id INTEGER NOT NULL,
    PRIMARY KEY (value, asset_id, record_id)
  ) STRICT, WITHOUT ROWID`;
}

function openTable(database: DatabaseSync, name: AttributeName): ValueTable {
  const table = tableOf(name);
  return {
    add: query(database, `INSERT OR IGNORE INTO ${table} VALUES (?, ?, ?)`),
    remove: query(
      database,
      `DELETE FROM ${table} WHERE value = ? AND asset_id = ? AND record_id = ?`,
    ),
    find: query(
      database,
      `SELECT DISTINCT asset_id FROM ${table} WHERE value = ? ORDER BY asset_id DESC LIMIT ${matchesMax}`,
    ),
    has: query(
      database,
      `SELECT 1 AS found FROM ${table} WHERE value = ? AND asset_id = ? LIMIT 1`,
    ),
  };
}
