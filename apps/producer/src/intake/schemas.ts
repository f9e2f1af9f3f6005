import { z } from "zod";

/** What requests and answers are, for the checks and for the description at `/openapi.json`. */

const count = z.number().int().nonnegative();

export const connectorParams = z.object({
  name: z.string().describe("the connector; default, unless several are configured"),
});

export const assetsQuery = z.strictObject({
  lane: z
    .enum(["live", "backfill"])
    .default("live")
    .describe("what is live is sent before what is backfill"),
  run: z
    .string()
    .regex(/^[\w.-]{1,64}$/, "use up to 64 letters, digits, dots, dashes and underscores")
    .optional()
    .describe(
      "a name for a run of your own, which you seal; without it the run of the hour is used",
    ),
});

export const assetsHeaders = z.object({
  "idempotency-key": z
    .string()
    .optional()
    .describe("the same request with the same key within 24 hours counts once"),
});

const asset = z
  .record(z.string(), z.unknown())
  .describe("an asset as its source has it, under any of the usual names of the fields")
  .meta({ examples: [{ hostname: "web-1", ip: "192.0.2.10", os: "Debian 12", memory_mb: 8192 }] });

export const assetsBody = z
  .union([asset, z.array(asset)])
  .describe("one asset, or an array of them; as application/x-ndjson, one asset a line");

export const accepted = z
  .object({
    run: z.string().describe("the run that counts these records"),
    records: count.describe("how many the request had"),
  })
  .describe("every record is stored, and will be delivered or end as a dead letter");

export const runParams = z.object({
  id: z
    .string()
    .regex(/^[\w.-]{1,200}$/, "use letters, digits, dots, dashes and underscores")
    .describe("a run"),
});

export const books = z
  .object({
    run: z.string(),
    read: count,
    delivered: count,
    unchanged: count,
    coalesced: count,
    dead: count,
    pending: count,
    batches: count,
    calls: count,
    limited: count,
    ambiguous: count,
    elapsedMs: count,
  })
  .describe("a run's books: read = delivered + unchanged + coalesced + dead + pending");

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe("what is wrong, and what to do"),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .describe("why the request is refused (RFC 9457)");

export const health = z.object({ status: z.literal("ok") });
