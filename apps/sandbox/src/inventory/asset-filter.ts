import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { query } from "../store/database.ts";
import type { AssetRow } from "./assets.ts";

/** A condition on a row of `asset`, in SQL, with the values of its question marks. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

export const everyAsset: Condition = { sql: "TRUE", values: [] };

/** Which part of a list is wanted: at most `limit` assets after `afterId`, in the order of their ids. */
export interface ListPage {
  readonly afterId: number | null;
  readonly limit: number;
  readonly order: "oldest" | "newest";
}

/** What is true when all conditions are, or when one of them is. */
export function joined(conditions: readonly Condition[], by: "AND" | "OR"): Condition {
  if (conditions.length === 0) return everyAsset;
  return {
    sql: `(${conditions.map(({ sql }) => sql).join(` ${by} `)})`,
    values: conditions.flatMap(({ values }) => values),
  };
}

/** The assets that fit, by id: each page continues from an id, so that the last one costs what the first does. */
export function listAssets(
  database: DatabaseSync,
  { sql, values }: Condition,
  { afterId, limit, order }: ListPage,
): AssetRow[] {
  const [comparison, direction] = order === "oldest" ? [">", "ASC"] : ["<", "DESC"];
  const start = afterId ?? (order === "oldest" ? 0 : Number.MAX_SAFE_INTEGER);
  return query<AssetRow>(
    database,
    `SELECT * FROM asset WHERE id ${comparison} ? AND ${sql} ORDER BY id ${direction} LIMIT ?`,
  ).all(start, ...values, limit);
}

/** How many assets fit. */
export function countAssets(database: DatabaseSync, { sql, values }: Condition): number {
  const counted = query<{ count: number }>(
    database,
    `SELECT count(*) AS count FROM asset WHERE ${sql}`,
  ).get(...values);
  return counted?.count ?? 0;
}
