import { z } from "zod";
import { secret } from "./config.ts";

/**
 * The environment's variables, in the groups in which processes need them. `.env.example` shows each with its default;
 * a test holds the two together.
 */
function count(min: number, max: number) {
  return z.coerce.number().int().min(min).max(max);
}

/** A comma-separated list. */
function list() {
  return z.string().transform((text) =>
    text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== ""),
  );
}

/** Every process: where Redis is, what is logged. */
export const processSettings = z.object({
  REDIS_URL: z
    .string()
    .regex(/^(rediss?:\/\/|\/)/, "use redis://, rediss:// or the path of a unix socket")
    .optional(),
  SLUICE_DATA_DIR: z.string().default(".sluice"),
  SLUICE_LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).optional(),
  SLUICE_QUEUE_BYTES_MAX: count(0, Number.MAX_SAFE_INTEGER).default(0),
});

/** Which subscription, and which of its connectors. */
export const accountSettings = z.object({
  QUALYS_GATEWAY_URL: z.string().meta({
    description: "the gateway of your platform, such as https://gateway.qg1.apps.qualys.com",
  }),
  QUALYS_CONNECTOR_UUID: z
    .guid("it is no UUID; copy it from the connector's page in Qualys")
    .meta({ description: "the UUID that Qualys shows for your webhook connector" }),
  SLUICE_ACCOUNT: z
    .string()
    .regex(/^[\w.:-]{1,200}$/, "use letters, digits, dots, dashes and colons")
    .optional(),
});

/** How raw assets become assets. */
export const mappingSettings = z.object({
  SLUICE_KEY_FIELDS: list().optional(),
  SLUICE_OPTIONAL_FIELDS: list().optional(),
  SLUICE_HARDWARE_UUID: z.enum(["derived", "source-only"]).default("derived"),
  SLUICE_DATE_FORMAT: z.enum(["epoch-ms", "epoch-ms-string", "iso-8601"]).default("epoch-ms"),
  SLUICE_MAC_FORMAT: z.enum(["string", "array"]).default("string"),
});

/** How workers batch. */
export const workerSettings = z.object({
  SLUICE_BATCH_ASSETS_MAX: count(1, 1_000).default(100),
  SLUICE_BATCH_BYTES_MAX: count(1_000, 100_000_000).default(1_000_000),
  SLUICE_BATCH_LINGER_MS: count(0, 86_400_000).default(2_000),
});

/** Who signs in. */
export const credentialSettings = z.object({
  QUALYS_USERNAME: z.string().meta({ description: "a Qualys user with API access" }),
  QUALYS_PASSWORD: secret().meta({
    description: "or QUALYS_PASSWORD_FILE, the path of a file with it",
  }),
});

/** How the sender calls. The limits count only while the server says nothing of its own. */
export const senderSettings = z.object({
  SLUICE_SOURCE: z.string().min(1).max(100).default("WEBHOOK"),
  SLUICE_CALLS_RESERVED: count(0, 1_000_000).default(0),
  SLUICE_CALLS_LIMIT: count(1, 1_000_000).default(300),
  SLUICE_CALLS_WINDOW_SEC: count(1, 31 * 86_400).default(3_600),
  SLUICE_CALLS_CONCURRENCY: count(1, 100).default(1),
  SLUICE_CALL_TIMEOUT_MS: count(1_000, 600_000).default(120_000),
});

/** The local stand-in for Qualys. */
export const sandboxSettings = z.object({
  SLUICE_SANDBOX_PORT: count(0, 65_535).default(8_765),
});

export const ALL_SETTINGS = z.object({
  ...processSettings.shape,
  ...accountSettings.shape,
  ...credentialSettings.shape,
  ...mappingSettings.shape,
  ...workerSettings.shape,
  ...senderSettings.shape,
  ...sandboxSettings.shape,
});
