import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Account } from "../account.ts";
import { failure, ok } from "../answer.ts";
import { readLog, type LogEntry } from "../identification/log.ts";
import { countAssets, joined, listAssets, type Condition } from "../inventory/asset-filter.ts";
import type { AssetRow } from "../inventory/assets.ts";
import type { DroppedRow } from "../inventory/dropped.ts";
import { mergeParts } from "../inventory/merge.ts";
import type { RecordRow } from "../inventory/records.ts";
import { addLocalRoute, withQuery } from "./local-route.ts";
import { pageQuerySchema } from "./page-query.ts";

const text = z.string().max(300).optional();

const filterSchema = z.object({
  search: text,
  name: text,
  address: text,
  os: text,
  source: text,
  connector: text,
  severity: z.coerce.number().int().min(1).max(5).optional(),
});

const listSchema = filterSchema.extend({
  ...pageQuerySchema(300).shape,
  order: z.enum(["newest", "oldest"]).default("newest"),
});

const droppedSchema = pageQuerySchema(300).extend({ connector: text });

/** The unified inventory: a list with filters, one asset with everything, and what was dropped. */
export function addAssetRoutes(app: FastifyInstance, account: Account): void {
  const { database, inventory, connectors } = account;

  addLocalRoute(app, "GET", "/sandbox/assets", (request) =>
    withQuery(request, listSchema, ({ limit, after, order, ...filter }) => {
      const page = { afterId: after ?? null, limit: limit + 1, order };
      const found = listAssets(database, conditionOf(filter), page);
      const rows = found.slice(0, limit);
      const next = found.length > limit ? String(rows.at(-1)?.id) : null;
      return ok({ assets: rows.map((row) => toRow(account, row)), next });
    }),
  );

  addLocalRoute(app, "GET", "/sandbox/assets/count", (request) =>
    withQuery(request, filterSchema, (filter) =>
      ok({ count: countAssets(database, conditionOf(filter)) }),
    ),
  );

  addLocalRoute(app, "GET", "/sandbox/assets/:id", ({ params }) => {
    const { id } = params as { id: string };
    const asset = inventory.assets.find(Number(id));
    return asset === undefined
      ? failure(404, `No asset has the id "${id}"`)
      : ok(toDetail(account, asset));
  });

  addLocalRoute(app, "GET", "/sandbox/dropped", (request) =>
    withQuery(request, droppedSchema, ({ limit, after, connector }) => {
      const known = connector === undefined ? null : connectors.find(connector);
      if (known === undefined) return failure(404, `No connector has the UUID "${connector}"`);
      const start = after ?? Number.MAX_SAFE_INTEGER;
      const found = inventory.dropped.before(start, known?.id ?? null, limit + 1);
      const rows = found.slice(0, limit);
      const next = found.length > limit ? String(rows.at(-1)?.id) : null;
      const toEntry = ({ connector_id: id, native_key: key, entry }: DroppedRow) =>
        named(JSON.parse(entry) as LogEntry, connectors.byId(id).uuid, key);
      return ok({ dropped: rows.map(toEntry), next });
    }),
  );
}

function conditionOf(filter: z.output<typeof filterSchema>): Condition {
  const { search, name, address, os, source, connector, severity } = filter;
  const conditions = [
    search === undefined ? null : searched(search),
    name === undefined ? null : contains("asset.name", name),
    address === undefined ? null : contains("asset.address", address),
    os === undefined ? null : contains("asset.operating_system", os),
    source === undefined ? null : ofRecord(contains("source", source)),
    connector === undefined ? null : ofRecord(ofConnector(connector)),
    severity === undefined ? null : { sql: "asset.severity >= ?", values: [severity] },
  ];
  return joined(
    conditions.filter((condition) => condition !== null),
    "AND",
  );
}

function searched(words: string): Condition {
  const columns = ["asset.name", "asset.address", "asset.operating_system"];
  const byKey = {
    sql: "asset.id IN (SELECT asset_id FROM record WHERE connector_id IN (SELECT id FROM connector) AND native_key = ?)",
    values: [words],
  };
  return joined([...columns.map((column) => contains(column, words)), byKey], "OR");
}

function contains(column: string, words: string): Condition {
  const pattern = `%${words.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  return { sql: String.raw`${column} LIKE ? ESCAPE '\'`, values: [pattern] };
}

function ofConnector(uuid: string): Condition {
  return { sql: "connector_id = (SELECT id FROM connector WHERE uuid = ?)", values: [uuid] };
}

function ofRecord({ sql, values }: Condition): Condition {
  return { sql: `EXISTS (SELECT 1 FROM record WHERE asset_id = asset.id AND ${sql})`, values };
}

function toRow({ inventory, connectors }: Account, asset: AssetRow) {
  const records = inventory.records.ofAsset(asset.id);
  return {
    id: asset.id,
    name: asset.name,
    address: asset.address,
    operatingSystem: asset.operating_system,
    severity: asset.severity,
    sources: [...new Set(records.map(({ source }) => source))].filter((source) => source !== null),
    connectors: [...new Set(records.map((record) => connectors.byId(record.connector_id).uuid))],
    createdAtMs: asset.created_ms,
    updatedAtMs: asset.updated_ms,
  };
}

function toDetail(account: Account, asset: AssetRow) {
  const { inventory } = account;
  const records = inventory.records.ofAsset(asset.id);
  return {
    ...toRow(account, asset),
    ...mergeParts(inventory.partsOf(asset.id)),
    records: records.map((record) => toSource(account, record)),
    identificationLog: records
      .flatMap((record) => logOf(account, record))
      .sort((a, b) => a.atMs - b.atMs),
  };
}

function toSource({ connectors }: Account, record: RecordRow) {
  const connector = connectors.byId(record.connector_id);
  return {
    connectorUuid: connector.uuid,
    connectorName: connector.name,
    sourceNativeKey: record.native_key,
    source: record.source,
    createdAtMs: record.created_ms,
    updatedAtMs: record.updated_ms,
    received: JSON.parse(record.received) as unknown,
  };
}

function logOf({ connectors }: Account, { log, connector_id: id, native_key: key }: RecordRow) {
  const { uuid } = connectors.byId(id);
  return readLog(log).map((entry) => named(entry, uuid, key));
}

/** An entry of a log with the record that it is of. */
function named(entry: LogEntry, connectorUuid: string, sourceNativeKey: string) {
  const { atMs, ...rest } = entry;
  return { atMs, connectorUuid, sourceNativeKey, ...rest };
}
