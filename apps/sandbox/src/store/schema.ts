/** Of a store's tables; a store of another version is refused. */
export const schemaVersion = 0x51_c5_00_01;

/**
 * The tables. Times are epoch ms.
 *
 * A `record` is what one connector sent under one source native key, as it was sent; an `asset` of the unified inventory
 * is made of one record or more, and repeats only what lists ask for. `value_of_…` tables, one for each attribute
 * that a rule uses, are made when they are needed.
 */
export const schema = `
  CREATE TABLE connector (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    modules TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    trust INTEGER NOT NULL,
    identification TEXT NOT NULL,
    created_ms REAL NOT NULL,
    last_activity_ms REAL,
    records INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    dropped INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE asset (
    id INTEGER PRIMARY KEY,
    name TEXT,
    address TEXT,
    operating_system TEXT,
    severity INTEGER NOT NULL,
    records INTEGER NOT NULL,
    created_ms REAL NOT NULL,
    updated_ms REAL NOT NULL
  ) STRICT;

  CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    connector_id INTEGER NOT NULL,
    native_key TEXT NOT NULL,
    asset_id INTEGER NOT NULL,
    source TEXT,
    created_ms REAL NOT NULL,
    updated_ms REAL NOT NULL,
    log TEXT NOT NULL,
    kept TEXT,
    received TEXT NOT NULL,
    UNIQUE (connector_id, native_key)
  ) STRICT;
  CREATE INDEX record_of_asset ON record (asset_id, connector_id);

  CREATE TABLE dropped (
    id INTEGER PRIMARY KEY,
    connector_id INTEGER NOT NULL,
    native_key TEXT NOT NULL,
    entry TEXT NOT NULL
  ) STRICT;

  CREATE TABLE accepted (
    id INTEGER PRIMARY KEY,
    due_ms REAL NOT NULL,
    connector_id INTEGER NOT NULL,
    request_id TEXT,
    source TEXT,
    assets INTEGER NOT NULL,
    received TEXT NOT NULL
  ) STRICT;
`;
