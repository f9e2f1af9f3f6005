import { PLATFORMS } from "@sluice/csam";
import { OPTIONAL_FIELD_NAMES } from "@sluice/inventory";
import { mappingSchema } from "@sluice/mapping";
import { mappingSettings, senderSettings, signInSettings, workerSettings } from "@sluice/service";
import { z } from "zod";

/*
 * What `sluice.yaml` may hold. What one key says of another, and what the environment has to say, `conflicts.ts` checks.
 */

/** What accounts and connectors may be called: names stand in addresses and on command lines. */
export const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const UUID = /^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/;
const REFERENCE = /^\$\{([A-Za-z_]\w*)\}$/;

export function isUuid(value: string): boolean {
  return UUID.test(value);
}

/** The environment's variable that a value names as `${NAME}`, or null for a value that is meant as it stands. */
export function referenceIn(value: string): string | null {
  return REFERENCE.exec(value)?.[1] ?? null;
}

/** The words in which the environment's variable is described. */
function wordsOf(variable: z.ZodType): string {
  return variable.meta()?.description ?? "";
}

function text(description: string) {
  return z.string().trim().min(1, "is blank").max(1_000).describe(description);
}

function isEncoding(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== "";
  } catch {
    return false;
  }
}

/** Never a secret itself: only where one is. */
function secretReference(fileKey: string, description: string) {
  const remedy = `put it into the environment and write \${NAME_OF_ITS_VARIABLE}, or write ${fileKey} with the path of a file that holds it`;
  return z
    .string()
    .regex(REFERENCE, `a secret may not stand here; ${remedy}`)
    .describe(description);
}

function whole(min: number, max: number, variable: z.ZodType) {
  return z.number().int("expected a whole number").min(min).max(max).describe(wordsOf(variable));
}

const calls = senderSettings.shape;
const callsSchema = z
  .strictObject({
    pacing: z.enum(["auto", "burst", "spread"]).describe(wordsOf(calls.SLUICE_PACING)),
    live: z.number().min(0).max(0.9).describe(wordsOf(calls.SLUICE_CALLS_LIVE)),
    bisection: z.number().min(0).max(1).describe(wordsOf(calls.SLUICE_CALLS_BISECTION)),
    reserved: whole(0, 1_000_000, calls.SLUICE_CALLS_RESERVED),
    limit: whole(1, 1_000_000, calls.SLUICE_CALLS_LIMIT),
    windowSec: whole(1, 31 * 86_400, calls.SLUICE_CALLS_WINDOW_SEC),
    concurrency: whole(1, 100, calls.SLUICE_CALLS_CONCURRENCY),
  })
  .partial()
  .describe("how its calls are made; what is left out is as SLUICE_PACING and SLUICE_CALLS_* say");

const accountSchema = z
  .strictObject({
    platform: text("the platform's name, such as US1, EU2 or KSA1").meta({
      // Checked in `conflicts.ts`, in any case.
      enum: [...PLATFORMS, ...PLATFORMS.map((name) => name.toLowerCase())],
    }),
    gateway: text("instead of that: the gateway's address, or ${NAME}"),
    auth: z.enum(["password", "oauth", "oidc"]).describe(wordsOf(signInSettings.shape.QUALYS_AUTH)),
    username: text("a Qualys user with API access, or ${NAME}"),
    password: secretReference("passwordFile", "the variable with the password, as ${NAME}"),
    passwordFile: text("instead of that: a file with it; paths begin at the folder of this file"),
    clientId: text("for oauth and oidc: the client's id, or ${NAME}"),
    clientSecret: secretReference("clientSecretFile", "the variable with its secret, as ${NAME}"),
    clientSecretFile: text("instead of that: a file with it"),
    redisName: z
      .string()
      .regex(/^[\w.:-]{1,200}$/, "use letters, digits, dots, dashes and colons")
      .describe("the account's name in Redis; left out, it is the gateway's host"),
    calls: callsSchema,
  })
  .partial()
  .describe("a Qualys subscription, with one call budget");

const mapping = mappingSettings.shape;
const worker = workerSettings.shape;
const connectorSchema = z
  .strictObject({
    description: z.string().max(1_000).describe("what it brings, for people"),
    account: z.string().describe("whose it is; may be left out where there is one account"),
    enabled: z.boolean().describe("false: it takes nothing and sends nothing; what waits stays"),
    files: z
      .array(text("a file or a glob"))
      .min(1)
      .describe("what sluice push and sluice enqueue read where they are given no files"),
    format: z.enum(["ndjson", "json", "csv"]).describe("of the files, instead of recognising it"),
    at: text("where a JSON document has the records, such as data.hosts"),
    encoding: text("of text that is neither UTF-8 nor UTF-16, such as windows-1252").refine(
      isEncoding,
      "there is no such encoding; use windows-1252 or iso-8859-2, for example",
    ),
    lane: z.enum(["live", "backfill"]).describe("of the files; live goes before backfill"),
    mapping: z
      .union([text("a file, YAML or TypeScript"), mappingSchema])
      .describe("how its records become assets: a file, YAML or TypeScript, or the mapping itself"),
    keyFields: z
      .array(text("a field"))
      .min(1)
      .describe("fields that may hold a record's key, the first that does wins"),
    hardwareUuid: z
      .enum(["derived", "source-only"])
      .describe(wordsOf(mapping.SLUICE_HARDWARE_UUID)),
    macFormat: z.enum(["string", "array"]).describe(wordsOf(mapping.SLUICE_MAC_FORMAT)),
    dateFormat: z
      .enum(["epoch-ms", "epoch-ms-string", "iso-8601"])
      .describe(wordsOf(mapping.SLUICE_DATE_FORMAT)),
    optionalFields: z
      .array(z.enum(OPTIONAL_FIELD_NAMES))
      .describe("undocumented fields to send, such as coreAttributes.domain"),
    source: z.string().min(1).max(100).describe(wordsOf(calls.SLUICE_SOURCE)),
    batch: z
      .strictObject({
        assets: whole(1, 1_000, worker.SLUICE_BATCH_ASSETS_MAX),
        bytes: whole(1_000, 100_000_000, worker.SLUICE_BATCH_BYTES_MAX),
        lingerMs: whole(0, 86_400_000, worker.SLUICE_BATCH_LINGER_MS),
      })
      .partial()
      .describe("how its assets share calls"),
  })
  .partial()
  .extend({
    uuid: z
      .string()
      .regex(
        new RegExp(`${REFERENCE.source}|${UUID.source}`),
        "it is no UUID; copy it from the connector's page in Qualys",
      )
      .describe("the UUID that Qualys shows for your webhook connector, or ${NAME}"),
  })
  .describe("a webhook connector, as Qualys calls it");

function named<Schema extends z.ZodType>(schema: Schema, description: string) {
  return z.record(z.string(), schema).meta({
    description: `${description}, by name`,
    // Checked in `conflicts.ts`: what stands under a wrong name is looked at all the same.
    propertyNames: { pattern: NAME.source },
    minProperties: 1,
  });
}

export const fileSchema = z.strictObject(
  {
    accounts: named(accountSchema, "the Qualys subscriptions"),
    connectors: named(connectorSchema, "the webhook connectors"),
  },
  {
    error: ({ code, input }) =>
      code === "invalid_type" && input === null
        ? "it is empty; sluice init --force writes a first one"
        : undefined,
  },
);

export type ConfigFile = z.output<typeof fileSchema>;

/** The JSON Schema by which editors help. */
export function jsonSchemaOfFile(): Record<string, unknown> {
  return jsonSchemaOf(fileSchema, "sluice.yaml");
}

/** The same for a mapping that is a file of its own. */
export function jsonSchemaOfMapping(): Record<string, unknown> {
  return jsonSchemaOf(mappingSchema, "a mapping for Sluice");
}

function jsonSchemaOf(schema: z.ZodType, title: string): Record<string, unknown> {
  return { ...z.toJSONSchema(schema, { io: "input", reused: "ref" }), title };
}
