import { z } from "zod";
import { checkJson, checkValue, type Checked } from "./checked.ts";
import type { SandboxAsset } from "./inventory.ts";

type Matches = (asset: SandboxAsset) => boolean;

const fieldNames = [
  "asset.name",
  "address",
  "operatingSystem",
  "sourceNativeKey",
  "connectorUuid",
] as const;

const readField: Record<(typeof fieldNames)[number], (asset: SandboxAsset) => string | null> = {
  "asset.name": (asset) => asset.name,
  address: (asset) => asset.address,
  operatingSystem: (asset) => asset.operatingSystem,
  sourceNativeKey: (asset) => asset.sourceNativeKey,
  connectorUuid: (asset) => asset.connectorUuid,
};

const filterSchema = z.discriminatedUnion("operator", [
  z.object({
    field: z.enum(fieldNames),
    operator: z.enum(["EQUALS", "NOT_EQUALS", "CONTAINS"]),
    value: z.string(),
  }),
  z.object({
    field: z.enum(fieldNames),
    operator: z.literal("IN"),
    value: z.union([z.array(z.string()).max(10_000), z.string().transform((s) => s.split(","))]),
  }),
]);

const querySchema = z.object({
  filters: z.array(filterSchema).max(50).default([]),
  operation: z.enum(["AND", "OR"]).default("AND"),
});

const pageSchema = z.object({
  pageSize: z.coerce.number().int().min(1).max(300).default(100),
  lastSeenAssetId: z.coerce.number().int().min(0).default(0),
});

const idSchema = z.object({ assetId: z.coerce.number().int().min(1) });

/** Which page of a search is wanted. */
type Page = z.output<typeof pageSchema>;

/**
 * Reads a filter body, `{"filters": [{"field", "operator", "value"}], "operation": "AND" | "OR"}`, into a test of one
 * asset; fields and operators are those that the CSAM 3.7 API release notes and public clients show. No body means
 * every asset. Texts are compared as they are written; the values of `IN` are an array, or a text with commas.
 * `sourceNativeKey` and `connectorUuid` are the sandbox's own fields.
 */
export function readQuery(body: Buffer): Checked<Matches> {
  if (body.length === 0) return { kind: "valid", value: () => true };
  const query = checkJson(querySchema, body);
  if (query.kind === "refused") return query;
  const { filters, operation } = query.value;
  const tests = filters.map(toTest);
  const value: Matches =
    operation === "AND" || tests.length === 0
      ? (asset) => tests.every((test) => test(asset))
      : (asset) => tests.some((test) => test(asset));
  return { kind: "valid", value };
}

/** Reads `pageSize` (1 to 300, by default 100) and `lastSeenAssetId` (by default from the beginning). */
export function readPage(query: unknown): Checked<Page> {
  return checkValue(pageSchema, query);
}

/** Reads `assetId`. */
export function readAssetId(query: unknown): Checked<{ assetId: number }> {
  return checkValue(idSchema, query);
}

function toTest({ field, operator, value }: z.output<typeof filterSchema>): Matches {
  const read = readField[field];
  if (operator === "EQUALS") return (asset) => read(asset) === value;
  if (operator === "NOT_EQUALS") return (asset) => read(asset) !== value;
  if (operator === "CONTAINS") return (asset) => read(asset)?.includes(value) ?? false;
  const values = new Set<string | null>(value);
  return (asset) => values.has(read(asset));
}
