import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { schema, schemaVersion } from "./schema.ts";

/** A prepared statement whose rows are `Row`, as its SQL says. */
export interface Query<Row = never> {
  get(...values: SQLInputValue[]): Row | undefined;
  all(...values: SQLInputValue[]): Row[];
  run(...values: SQLInputValue[]): { changes: number | bigint; lastInsertRowid: number | bigint };
}

/**
 * Opens the sandbox's database: in memory, or the file, which is made where there is none and belongs to one process
 * at a time. Throws when the file cannot be used, and says why.
 */
export function openDatabase(file: string | null): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file ?? ":memory:", { timeout: 100 });
    prepareFile(database);
    return database;
  } catch (error) {
    database?.close();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Cannot use "${file}" as the sandbox's store: ${reason}; choose another file, or end the sandbox that has it open`,
      { cause: error },
    );
  }
}

/** A crash of the process loses nothing; a crash of the machine may lose the last calls, which a stand-in can afford. */
function prepareFile(database: DatabaseSync): void {
  // Records have one or two KB: a page should hold a few.
  database.exec("PRAGMA page_size = 16384");
  database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY");
  const version = query<{ user_version: number }>(database, "PRAGMA user_version").get();
  const tables = query(database, "SELECT 1 FROM sqlite_schema LIMIT 1").all().length;
  if (version?.user_version === schemaVersion) return;
  if (tables > 0) throw new Error("it is another program's, or another version's");
  database.exec(`BEGIN IMMEDIATE; ${schema}; PRAGMA user_version = ${schemaVersion}; COMMIT`);
}

/** Prepares a statement. */
export function query<Row = never>(database: DatabaseSync, sql: string): Query<Row> {
  return database.prepare(sql) as unknown as Query<Row>;
}

/** Does `work` as one transaction: all of it or, when it throws, nothing. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}
