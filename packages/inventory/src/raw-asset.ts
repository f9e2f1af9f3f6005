import { strict as assert } from "node:assert";
import * as z from "zod";
import {
  ASSET_TABLE,
  FINDING_TABLE,
  folded,
  type FieldTable,
  isAbsent,
  nameOf,
  readFields,
  SOFTWARE_TABLE,
} from "./field-names.ts";
import { isJsonObject, type JsonObject } from "./json-object.ts";
import { quoted } from "./quoted.ts";
import { MISTAKES_MAX } from "./record-mistake.ts";
import type { Refusal } from "./source-key.ts";

const SEVERITIES: ReadonlyMap<string, number> = new Map([
  ["critical", 5],
  ["high", 4],
  ["medium", 3],
  ["low", 2],
  ["info", 1],
  ["informational", 1],
]);

/** What is there and not mended is active: "reopened" says no less. */
const STATUSES: ReadonlyMap<string, "ACTIVE" | "FIXED"> = new Map([
  ["active", "ACTIVE"],
  ["open", "ACTIVE"],
  ["new", "ACTIVE"],
  ["reopened", "ACTIVE"],
  ["fixed", "FIXED"],
  ["closed", "FIXED"],
  ["resolved", "FIXED"],
]);

const PORT_MAX = 65_535;

/** No host has as much of anything; a short text of separators could fill a worker's memory. */
const LIST_ENTRIES_MAX = 100_000;

const scalar = z.union([z.string(), z.number()], { error: "is neither text nor a number" });
const text = scalar.transform(String);

const severity = converted(
  (value) => SEVERITIES.get(value.toLowerCase()) ?? wholeNumber(value, 1, 5),
  "is not a severity; use 1 to 5, or critical, high, medium, low, info",
);

/** Port 0 is how scanners say that a finding is the host's, not a port's. */
const port = converted(
  (value) => wholeNumber(value, 0, PORT_MAX),
  `is not a port; use a whole number up to ${PORT_MAX}`,
).transform((value) => (value === 0 ? undefined : value));

const status = converted(
  (value) => STATUSES.get(folded(value)),
  "is not a status; use active, open, new, reopened, fixed, closed or resolved",
);

/** Names and ids without spaces; one alone may be a number. */
const words = z.preprocess(
  (value) => (typeof value === "number" ? [value] : value),
  list(text, splitWords),
);

const software = z.preprocess(
  (value) => (typeof value === "string" ? { name: value } : named(value, SOFTWARE_TABLE)),
  z.object({ name: text.optional(), version: text.optional() }, "is neither an object nor a name"),
);

const finding = z.preprocess(
  (value) => named(value, FINDING_TABLE),
  z.object(
    {
      cve: words.optional(),
      severity: severity.optional(),
      port: port.optional(),
      protocol: text.optional(),
      status: status.optional(),
    },
    "is not an object",
  ),
);

const shape = z.object(
  {
    hostname: text.optional(),
    fqdn: text.optional(),
    hardware_uuid: text.optional(),
    ip: words.optional(),
    ips: words.optional(),
    ipv4: words.optional(),
    ipv6: words.optional(),
    mac: words.optional(),
    macs: words.optional(),
    os: text.optional(),
    memory_mb: text.optional(),
    software: list(software, splitNames).optional(),
    vulnerabilities: list(finding, (value) => value).optional(),
    // Sent only on demand, so a strange type in them is no reason to refuse the record.
    serial: z.unknown().optional(),
    domain: z.unknown().optional(),
    os_version: z.unknown().optional(),
    os_architecture: z.unknown().optional(),
    last_user: z.unknown().optional(),
    instance_uuid: z.unknown().optional(),
    network_uuid: z.unknown().optional(),
    created: z.unknown().optional(),
    last_seen: z.unknown().optional(),
    custom_attributes: z.unknown().optional(),
  },
  "is not an object",
);

/**
 * A record as a source has it, under any of the usual names (field-names.ts). Parsed, each field
 * has our name and one shape: text as text, lists as arrays (from JSON, or from the text of a CSV
 * cell), severities and ports as numbers. Values that may be left out one by one (addresses, sizes)
 * are only shaped here and judged when mapped.
 */
export const rawAssetSchema = z.preprocess((value) => named(value, ASSET_TABLE), shape);

export type RawAsset = z.output<typeof rawAssetSchema>;
export type RawFinding = NonNullable<NonNullable<RawAsset["vulnerabilities"]>[number]>;

const compiled = z.compile(shape, { strict: true });

/** Parses a record whose fields were read with `readFields(record, ASSET_TABLE)`. */
export function parseFields(
  fields: unknown,
  record: JsonObject,
): { kind: "raw"; raw: RawAsset } | Refusal {
  const parsed = compiled.safeParse(fields, { reportInput: true });
  if (parsed.success) return { kind: "raw", raw: parsed.data };
  const [first, ...others] = parsed.error.issues.slice(0, MISTAKES_MAX).map((issue) => {
    const path = sourcePath(record, issue.path);
    return { path, message: `Cannot map ${path}: ${quoted(issue.input)} ${issue.message}` };
  });
  assert(first !== undefined);
  return { kind: "refusal", ...first, ...(others.length > 0 && { others }) };
}

function named(value: unknown, table: FieldTable): unknown {
  return isJsonObject(value) ? readFields(value, table) : value;
}

/** A path through our names as a path through the record's. */
function sourcePath(record: unknown, path: readonly PropertyKey[]): string {
  let text = "";
  let at = record;
  let table: FieldTable = ASSET_TABLE;
  for (const step of path) {
    if (typeof step === "number") {
      text += `[${step}]`;
      at = Array.isArray(at) ? at[step] : undefined;
    } else {
      const field = String(step);
      const name = nameOf(field, at, table);
      text += text === "" ? name : `.${name}`;
      at = isJsonObject(at) ? at[name] : undefined;
      table = field === "software" ? SOFTWARE_TABLE : FINDING_TABLE;
    }
  }
  return text;
}

/** A scalar that `convert` understands, given trimmed, as what it makes of it. */
function converted<T>(convert: (value: string) => T | undefined, complaint: string) {
  return scalar.transform((value, context) => {
    const result = convert(String(value).trim());
    if (result !== undefined) return result;
    context.issues.push({ code: "custom", message: complaint, input: value });
    return z.NEVER;
  });
}

/**
 * An array, or text that holds one: as JSON, or as `split` finds it. Absent elements stay as `null`,
 * so that the others keep their index.
 */
function list<T extends z.ZodType>(element: T, split: (value: string) => unknown) {
  return z.preprocess(
    (value, context) => elementsOf(value, split, context),
    z.array(element.nullable(), "is not a list"),
  );
}

function elementsOf(
  value: unknown,
  split: (value: string) => unknown,
  context: z.RefinementCtx,
): unknown {
  const elements = typeof value === "string" ? elementsOfText(value.trim(), split) : value;
  if (!Array.isArray(elements)) return elements;
  if (elements.length > LIST_ENTRIES_MAX) {
    const message = `has more than ${LIST_ENTRIES_MAX} entries; split the record`;
    context.issues.push({ code: "custom", message, input: elements });
    return z.NEVER;
  }
  return elements.map((element) => (isAbsent(element) ? null : element));
}

function elementsOfText(value: string, split: (value: string) => unknown): unknown {
  return value.startsWith("[") ? parsedJson(value) : split(value);
}

function splitWords(value: string): string[] {
  return value.split(/[\s,;|]+/);
}

/** Names of software have spaces and commas in them, so a stronger separator goes first. */
function splitNames(value: string): string[] {
  return value.split(/[\n;|]/.test(value) ? /[\n;|]/ : ",").map((name) => name.trim());
}

/** The value of a JSON text; the text itself if it is none. */
function parsedJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function wholeNumber(value: string, min: number, max: number): number | undefined {
  const number = /^\d{1,9}(?:\.0+)?$/.test(value) ? Number(value) : Number.NaN;
  return number >= min && number <= max ? number : undefined;
}
