import { z } from "zod";
import { checkJson, checkValue, type Checked } from "./checked.ts";
import { everyAsset, joined, type Condition } from "./inventory/asset-filter.ts";

/** A field of a filter as SQL, `TEST` standing for the comparison; a field of records is met by any one of an asset's. */
interface FilterField {
  readonly type: "text" | "number";
  readonly column: string;
  readonly where?: string;
}

const ofRecord = (column: string): FilterField => ({
  type: "text",
  column,
  where: "EXISTS (SELECT 1 FROM record WHERE asset_id = asset.id AND TEST)",
});

/** Known to the platform, and nothing that a webhook brings: no asset has a value. */
const unknown: FilterField = { type: "text", column: "NULL" };

const fields = {
  "asset.id": { type: "number", column: "asset.id" },
  "asset.name": { type: "text", column: "asset.name" },
  address: { type: "text", column: "asset.address" },
  operatingSystem: { type: "text", column: "asset.operating_system" },
  "operatingSystem.category1": unknown,
  "operatingSystem.lifecycle.eol": unknown,
  "software.product": {
    type: "text",
    column: "software.value ->> '$.name'",
    where: `EXISTS (SELECT 1 FROM record, json_each(received, '$.coreAttributes.softwares') AS software
      WHERE asset_id = asset.id AND TEST)`,
  },
  "asset.tags.name": unknown,
  "tags.name": unknown,
  "asset.assetGroups.name": unknown,
  sourceNativeKey: {
    type: "text",
    column: "native_key",
    // Led through the connectors, for the index of records begins with them.
    where: `asset.id IN (SELECT asset_id FROM record
      WHERE connector_id IN (SELECT id FROM connector) AND TEST)`,
  },
  source: ofRecord("source"),
  connectorUuid: ofRecord("(SELECT uuid FROM connector WHERE connector.id = connector_id)"),
} as const satisfies Record<string, FilterField>;

type FieldName = keyof typeof fields;

const fieldNames = Object.keys(fields) as [FieldName, ...FieldName[]];

const comparisons = {
  EQUALS: "IS ?",
  NOT_EQUALS: "IS ?",
  GREATER: "> ?",
  GREATER_THAN_EQUAL: ">= ?",
  LESSER: "< ?",
  LESS_THAN_EQUAL: "<= ?",
} as const;

const operandSchema = z.union([
  z.string(),
  z.number(),
  z.array(z.union([z.string(), z.number()])).max(10_000),
]);

type Operand = z.output<typeof operandSchema>;

const filterSchema = z
  .object({
    field: z.enum(fieldNames),
    operator: z.enum([
      "EQUALS",
      "NOT_EQUALS",
      "CONTAINS",
      "IN",
      "GREATER",
      "GREATER_THAN_EQUAL",
      "LESSER",
      "LESS_THAN_EQUAL",
    ]),
    value: operandSchema,
  })
  .superRefine(({ field, operator, value }, context) => {
    const isNumber = fields[field].type === "number";
    const isOfNumbers = operator.startsWith("GREATER") || operator.startsWith("LESS");
    if (isNumber ? operator === "CONTAINS" : isOfNumbers) {
      context.addIssue({
        code: "custom",
        path: ["operator"],
        message: `${operator} is no operator for ${field}`,
      });
    }
    if (Array.isArray(value) && operator !== "IN") {
      context.addIssue({ code: "custom", path: ["value"], message: "a list is only for IN" });
    }
    if (isNumber && operandsOf(operator, value).some((one) => !Number.isSafeInteger(Number(one)))) {
      context.addIssue({ code: "custom", path: ["value"], message: "is no whole number" });
    }
  });

const querySchema = z.strictObject({
  filters: z.array(filterSchema).max(50).default([]),
  operation: z.enum(["AND", "OR"]).default("AND"),
});

const fieldList = z
  .string()
  .max(10_000)
  .transform((text) => text.split(",").map((name) => name.trim()));

const pageSchema = z.object({
  pageSize: z.coerce.number().int().min(1).max(300).default(100),
  lastSeenAssetId: z.coerce.number().int().min(0).default(0),
  assetLastUpdated: z.iso.datetime({ offset: true }).optional(),
});

const shownSchema = z.object({
  includeFields: fieldList.optional(),
  excludeFields: fieldList.optional(),
});

const idSchema = z.object({ assetId: z.coerce.number().int().min(1) });

/** Which page of a search is wanted. */
type Page = z.output<typeof pageSchema>;

/** Which fields of the assets are wanted. */
export type ShownFields = z.output<typeof shownSchema>;

/**
 * Reads a filter body, `{"filters": [{"field", "operator", "value"}], "operation": "AND" | "OR"}`, into a condition on
 * assets; fields and operators are those that the CSAM 3.7 API release notes and public clients show. No body means
 * every asset. Texts are compared as they are written; the values of `IN` are an array, or a text with commas.
 * `sourceNativeKey`, `source` and `connectorUuid` are the sandbox's own fields.
 */
export function readQuery(body: Buffer): Checked<Condition> {
  if (body.length === 0) return { kind: "valid", value: everyAsset };
  const query = checkJson(querySchema, body);
  if (query.kind === "refused") return query;
  const { filters, operation } = query.value;
  return { kind: "valid", value: joined(filters.map(toCondition), operation) };
}

/** Reads `pageSize` (1 to 300, by default 100), `lastSeenAssetId` (by default from the beginning), `assetLastUpdated`. */
export function readPage(query: unknown): Checked<Page> {
  return checkValue(pageSchema, query);
}

/** Reads `includeFields` and `excludeFields`, names with commas between. */
export function readShownFields(query: unknown): Checked<ShownFields> {
  return checkValue(shownSchema, query);
}

/** Reads `assetId`. */
export function readAssetId(query: unknown): Checked<{ assetId: number }> {
  return checkValue(idSchema, query);
}

/** The assets that were updated at this time or later; every asset without one. */
export function updatedSince(time: string | undefined): Condition {
  return time === undefined
    ? everyAsset
    : { sql: "asset.updated_ms >= ?", values: [Date.parse(time)] };
}

function toCondition({ field, operator, value }: z.output<typeof filterSchema>): Condition {
  const { type, column, where = "TEST" }: FilterField = fields[field];
  const typed = (one: string | number) => (type === "number" ? Number(one) : String(one));
  const test = (sql: string) => where.replace("TEST", () => `${column} ${sql}`);
  if (operator === "IN") {
    const values = JSON.stringify(operandsOf(operator, value).map(typed));
    return { sql: test("IN (SELECT value FROM json_each(?))"), values: [values] };
  }
  const [one = ""] = operandsOf(operator, value).map(typed);
  if (operator === "CONTAINS") {
    return { sql: where.replace("TEST", () => `instr(${column}, ?) > 0`), values: [one] };
  }
  const sql = test(comparisons[operator]);
  return { sql: operator === "NOT_EQUALS" ? `NOT ${sql}` : sql, values: [one] };
}

/** Of `IN`, a text with commas is a list, too. */
function operandsOf(operator: string, value: Operand): readonly (string | number)[] {
  return operator === "IN" && typeof value === "string" ? value.split(",") : [value].flat();
}
