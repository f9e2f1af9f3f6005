import { z } from "zod";
import { secret } from "./config.ts";

/*
 * The environment's variables, in the groups in which processes need them. `.env.example` shows each with its
 * description and default; a test holds the two together.
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
  SLUICE_CONFIG: z
    .string()
    .optional()
    .describe(
      "the path of sluice.yaml; unset, the working directory's where there is one; none: the environment alone",
    ),
  REDIS_URL: z
    .string()
    .regex(/^(rediss?:\/\/|\/)/, "use redis://, rediss:// or the path of a unix socket")
    .optional()
    .describe("a Redis of your own; without it a redis-server is run on a unix socket"),
  // A consumer's wait for its next job lasts a second, and so does that answer.
  SLUICE_REDIS_TIMEOUT_SEC: count(2, 3_600)
    .default(30)
    .describe("seconds after which a connection to Redis that does not answer is made anew"),
  SLUICE_DATA_DIR: z
    .string()
    .default(".sluice")
    .describe("where that redis-server keeps its data and its socket"),
  SLUICE_LOG_LEVEL: z
    .enum(["debug", "info", "warn", "error", "silent"])
    .optional()
    .describe("debug, info, warn, error or silent; unset it is warn on a terminal, else info"),
  SLUICE_QUEUE_BYTES_MAX: count(0, Number.MAX_SAFE_INTEGER)
    .default(0)
    .describe(
      "bytes that may wait in Redis before producers wait; 0 is the share below, or 1 GiB without a maxmemory",
    ),
  SLUICE_MEMORY_PERCENT_MAX: count(1, 100)
    .default(70)
    .describe("percent of Redis's maxmemory in use, by whomever, from where on producers wait"),
  SLUICE_DEAD_LETTERS_MAX: count(1, 10_000_000)
    .default(100_000)
    .describe("dead letters a connector may have, of 2.5 KB on average, before it is held"),
});

/** Whom a supervisor asks how a process is. */
export const healthSettings = z.object({
  SLUICE_HEALTH_PORT: count(0, 65_535)
    .optional()
    .describe("where `sluice up` answers GET /livez and /readyz; unset, it does not"),
  SLUICE_HEALTH_HOST: z
    .string()
    .default("127.0.0.1")
    .describe("the address it listens on for that; 0.0.0.0 where others are to ask"),
  SLUICE_PROGRESS_TIMEOUT_SEC: count(1, 86_400)
    .default(60)
    .describe("seconds without progress, though work is due, until a process starts itself again"),
});

/** Which subscription. */
export const accountSettings = z.object({
  QUALYS_GATEWAY_URL: z
    .string()
    .describe("the gateway of your platform, such as https://gateway.qg1.apps.qualys.com"),
  QUALYS_PLATFORM: z
    .string()
    .optional()
    .describe("instead of that: the platform's name, such as US1, EU2 or KSA1"),
  SLUICE_PLAIN_HTTP_HOST: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/i, "use a name without dots, as containers have")
    .optional()
    .describe("a container that may be called with http://, such as a sandbox; nobody else may"),
  SLUICE_ACCOUNT: z
    .string()
    .regex(/^[\w.:-]{1,200}$/, "use letters, digits, dots, dashes and colons")
    .optional()
    .describe("the subscription's name in Redis; unset it is the gateway's host"),
});

/** Which of the subscription's connectors. */
export const connectorSettings = z.object({
  QUALYS_CONNECTOR_UUID: z
    .guid("it is no UUID; copy it from the connector's page in Qualys")
    .describe("the UUID that Qualys shows for your webhook connector"),
});

/** How raw assets become assets. */
export const mappingSettings = z.object({
  SLUICE_MAPPING: z
    .string()
    .optional()
    .describe("a file that maps records of any shape, YAML or TypeScript; unset it is built in"),
  SLUICE_KEY_FIELDS: list()
    .optional()
    .describe("fields that may hold a record's key, the first that does wins; separated by commas"),
  SLUICE_OPTIONAL_FIELDS: list()
    .optional()
    .describe("undocumented fields to send, such as coreAttributes.domain; separated by commas"),
  SLUICE_HARDWARE_UUID: z
    .enum(["derived", "source-only"])
    .default("derived")
    .describe("where a record has no hardware UUID: derived from its key, or (source-only) none"),
  SLUICE_DATE_FORMAT: z
    .enum(["epoch-ms", "epoch-ms-string", "iso-8601"])
    .default("epoch-ms")
    .describe(
      "how dates are sent, as Qualys documents it loosely: epoch-ms, epoch-ms-string, iso-8601",
    ),
  SLUICE_MAC_FORMAT: z
    .enum(["string", "array"])
    .default("string")
    .describe("how MAC addresses are sent: string (the lowest of several) or array (all)"),
});

/** How workers batch. */
export const workerSettings = z.object({
  SLUICE_BATCH_ASSETS_MAX: count(1, 1_000)
    .default(100)
    .describe("assets of one call; calls are what is scarce, so full ones save time"),
  SLUICE_BATCH_BYTES_MAX: count(1_000, 100_000_000)
    .default(1_000_000)
    .describe("bytes of one call; after a refusal for size, fewer are tried"),
  SLUICE_BATCH_LINGER_MS: count(0, 86_400_000)
    .default(2_000)
    .describe("how long an asset waits for others to share its call; 0 sends at once"),
});

/** Who signs in, and by which way. */
export const signInSettings = z.object({
  QUALYS_AUTH: z
    .enum(["password", "oauth", "oidc"])
    .default("password")
    .describe(
      "who signs in: a user (password), or a client of the subscription (oauth) or of a user (oidc)",
    ),
  QUALYS_CA_FILE: z
    .string()
    .optional()
    .describe("a PEM file with root certificates to trust besides the usual ones"),
  QUALYS_PROXY: secret()
    .optional()
    .describe("the HTTP proxy on the way, http://user:password@host:port; unset it is HTTPS_PROXY"),
});

/** A user's credentials. */
export const userSettings = z.object({
  QUALYS_USERNAME: z.string().describe("a Qualys user with API access"),
  QUALYS_PASSWORD: secret().describe("or QUALYS_PASSWORD_FILE, the path of a file with it"),
});

/** A client's credentials, for `QUALYS_AUTH` other than `password`. */
export const clientSettings = z.object({
  QUALYS_CLIENT_ID: z.string().describe("for oauth and oidc: the client's id"),
  QUALYS_CLIENT_SECRET: secret().describe("for oauth and oidc: the client's secret"),
});

/** How the sender calls. The limits count only while the server says nothing of its own. */
export const senderSettings = z.object({
  SLUICE_SOURCE: z
    .string()
    .min(1)
    .max(100)
    .default("WEBHOOK")
    .describe("the source that each call names to Qualys"),
  SLUICE_PACING: z
    .enum(["auto", "burst", "spread"])
    .default("auto")
    .describe(
      "burst: each call as soon as the limit lets it; spread: evenly; auto: burst when all fits into the calls left",
    ),
  SLUICE_CALLS_LIVE: z.coerce
    .number()
    .min(0)
    .max(0.9)
    .default(0.1)
    .describe("share of a window's calls that bursts of backfill leave to the live lane"),
  SLUICE_CALLS_BISECTION: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe(
      "share of a window's calls that find out which assets of a refused batch are to blame",
    ),
  SLUICE_CALLS_RESERVED: count(0, 1_000_000)
    .default(0)
    .describe("calls of each window left to other users of the subscription"),
  SLUICE_CALLS_LIMIT: count(1, 1_000_000)
    .default(300)
    .describe("calls in a window, until the server tells its own limit"),
  SLUICE_CALLS_WINDOW_SEC: count(1, 31 * 86_400)
    .default(3_600)
    .describe("seconds of that window, until the server tells its own"),
  SLUICE_CALLS_CONCURRENCY: count(1, 100)
    .default(1)
    .describe("calls at once, until the server tells its own limit"),
  SLUICE_CALL_TIMEOUT_MS: count(1_000, 600_000)
    .default(120_000)
    .describe("how long one call may take; then it is repeated, as its outcome is unknown"),
});

/** The HTTP intake. It runs where there are keys or secrets. */
export const intakeSettings = z.object({
  SLUICE_INTAKE_HOST: z
    .string()
    .default("127.0.0.1")
    .describe("the address the intake listens on; 0.0.0.0 for all of the machine's"),
  SLUICE_INTAKE_PORT: count(0, 65_535)
    .default(8_080)
    .describe("the port of the intake; 0 takes any that is free"),
  SLUICE_INTAKE_KEYS_FILE: z
    .string()
    .optional()
    .describe("a file of API keys, a line each that `sluice key NAME` prints; it may change"),
  SLUICE_INTAKE_WEBHOOK_SECRETS: secret()
    .optional()
    .describe("secrets of Standard Webhooks (whsec_...), separated by commas or line ends"),
  SLUICE_INTAKE_TLS_CERT_FILE: z
    .string()
    .optional()
    .describe("a PEM file of certificates; with a key the intake speaks HTTPS"),
  SLUICE_INTAKE_TLS_KEY_FILE: z.string().optional().describe("the PEM file of their private key"),
  // A process has memory for two such bodies and not for more.
  SLUICE_INTAKE_BODY_BYTES_MAX: count(1_000, 33_554_432)
    .default(33_554_432)
    .describe("bytes of one request, as sent and again as unpacked; twice as many may be in hand"),
  SLUICE_INTAKE_CALLS_PER_SEC_MAX: count(1, 1_000_000)
    .default(10_000)
    .describe("requests a second of each key, for each intake process"),
  SLUICE_INTAKE_LINGER_MS: count(0, 1_000)
    .default(5)
    .describe("how long a request waits for others to share its way into Redis"),
});

/** The local stand-in for Qualys. */
export const sandboxSettings = z.object({
  SLUICE_SANDBOX_PORT: count(0, 65_535)
    .default(8_765)
    .describe("the port of `sluice sandbox` on this machine; 0 takes any that is free"),
  SLUICE_SANDBOX_HOST: z
    .string()
    .default("127.0.0.1")
    .describe("the address it listens on; 0.0.0.0 for other containers"),
  SLUICE_SANDBOX_PASSWORD: secret()
    .optional()
    .describe("what its user signs in with; unset it is a fresh one, which it prints"),
});

/** The same variable where it is not required. */
function optional<Field extends z.ZodType>(field: Field): z.ZodOptional<Field> {
  return field.optional().meta(field.meta() ?? {});
}

/** Every variable there is: what no group has is a misspelt name. */
export const ALL_SETTINGS = z.object({
  ...processSettings.shape,
  ...healthSettings.shape,
  ...accountSettings.shape,
  ...connectorSettings.shape,
  ...signInSettings.shape,
  ...userSettings.shape,
  QUALYS_CLIENT_ID: optional(clientSettings.shape.QUALYS_CLIENT_ID),
  QUALYS_CLIENT_SECRET: optional(clientSettings.shape.QUALYS_CLIENT_SECRET),
  ...mappingSettings.shape,
  ...workerSettings.shape,
  ...senderSettings.shape,
  ...intakeSettings.shape,
  ...sandboxSettings.shape,
});
