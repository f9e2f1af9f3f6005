import { mappingPolicy, type MappingPolicy } from "@sluice/inventory";
import { CsamClient, parseGatewayUrl } from "@sluice/csam";
import type { IntakeSettings } from "@sluice/producer";
import type { SenderSettings } from "@sluice/sender";
import {
  accountSettings,
  ALL_SETTINGS,
  ConfigError,
  connectorSettings,
  healthSettings,
  intakeSettings,
  loadConfig,
  mappingSettings,
  processSettings,
  senderSettings,
  unknownVariables,
  workerSettings,
  type LogLevel,
} from "@sluice/service";
import type { WorkerSettings } from "@sluice/worker";
import { z } from "zod";
import { readConnection } from "./connection-settings.ts";
import { withGateway } from "./gateway-setting.ts";
import { toIntake } from "./intake-settings.ts";

/** What every command that looks at an account needs. */
export interface AccountSettings {
  redisUrl: string | null;
  redisAnswerMs: number;
  dataDir: string;
  logLevel: LogLevel | null;
  queueBytesMax: number;
  memoryPercentMax: number;
  deadLettersMax: number;
  gatewayUrl: string;
  /** The name of the account in Redis: by default the gateway's host. */
  account: string;
}

/** What a command needs that finds out what would be sent. */
export interface PlanSettings extends AccountSettings {
  connectorUuid: string;
  policy: MappingPolicy;
  worker: WorkerSettings;
  callPolicy: SenderSettings["policy"];
}

/** What a command that works needs on top. */
export interface WorkSettings extends AccountSettings {
  connectorUuid: string;
  policy: MappingPolicy;
  worker: WorkerSettings;
  sender: SenderSettings;
  createClient: () => CsamClient;
}

/** What `sluice up` needs, whose roles may include the intake. */
export interface UpSettings extends WorkSettings {
  /** Null where no keys and no secrets are configured. */
  intake: IntakeSettings | null;
  /** How long something may be due and not done. */
  progressTimeoutMs: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const viewSchema = z.object({ ...processSettings.shape, ...accountSettings.shape });
const planSchema = z.object({
  ...viewSchema.shape,
  ...connectorSettings.shape,
  ...mappingSettings.shape,
  ...workerSettings.shape,
});
const workSchema = z.object({ ...planSchema.shape, ...senderSettings.shape });

/** For commands that only look. Throws a `ConfigError` with every mistake. */
export function readAccountSettings(environment: Environment): AccountSettings {
  return toAccount(load(viewSchema, environment));
}

/** For commands that transform and do not send. */
export function readPlanSettings(environment: Environment): PlanSettings {
  const config = load(workSchema, environment);
  return {
    ...toAccount(config),
    connectorUuid: config.QUALYS_CONNECTOR_UUID.toLowerCase(),
    policy: toPolicy(config),
    worker: toWorker(config),
    callPolicy: toPolicyOfCalls(config),
  };
}

/** For commands that work. Only those that call Qualys need the credentials. */
export function readWorkSettings(
  environment: Environment,
  { callsQualys }: { callsQualys: boolean } = { callsQualys: true },
): WorkSettings {
  const [config, connection] = readBoth(
    () => load(workSchema, environment),
    () => (callsQualys ? readConnection(environment) : null),
  );
  return {
    ...toAccount(config),
    connectorUuid: config.QUALYS_CONNECTOR_UUID.toLowerCase(),
    policy: toPolicy(config),
    worker: toWorker(config),
    sender: {
      source: config.SLUICE_SOURCE,
      callTimeoutMs: config.SLUICE_CALL_TIMEOUT_MS,
      policy: toPolicyOfCalls(config),
    },
    createClient() {
      if (connection === null) throw new Error("Cannot call Qualys: no credentials were read");
      const { QUALYS_GATEWAY_URL: gatewayUrl, SLUICE_CALL_TIMEOUT_MS: callTimeoutMs } = config;
      const plainHttpHost = config.SLUICE_PLAIN_HTTP_HOST;
      const options = { ...connection, gatewayUrl, callTimeoutMs };
      return new CsamClient({ ...options, ...(plainHttpHost && { plainHttpHost }) });
    },
  };
}

/** For a process of roles. One that does not send needs no credentials. */
export function readUpSettings(environment: Environment, isSending: boolean): UpSettings {
  const [work, intake] = readBoth(
    () => readWorkSettings(environment, { callsQualys: isSending }),
    () => toIntake(loadConfig(intakeSettings, environment)),
  );
  const { SLUICE_PROGRESS_TIMEOUT_SEC: seconds } = loadConfig(healthSettings, environment);
  return { ...work, intake, progressTimeoutMs: seconds * 1_000 };
}

/** Reads two parts of the configuration; every mistake in either is told at once. */
function readBoth<First, Second>(first: () => First, second: () => Second): [First, Second] {
  const problems: string[] = [];
  const [one, other] = [attempt(first, problems), attempt(second, problems)];
  if (one === undefined || other === undefined) throw new ConfigError(problems);
  return [one, other];
}

function attempt<Value>(read: () => Value, problems: string[]): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** Reads the variables of a schema; every mistake is told at once. */
function load<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>, environment: Environment) {
  const gateway = withGateway(environment);
  const problems = [
    ...gateway.problems,
    ...unknownVariables("SLUICE_", Object.keys(ALL_SETTINGS.shape), environment),
  ];
  try {
    const config = loadConfig(schema, gateway.environment);
    if (problems.length > 0) throw new ConfigError(problems);
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError) || error.problems === problems) throw error;
    throw new ConfigError([...error.problems, ...problems]);
  }
}

function toAccount(config: z.output<typeof viewSchema>): AccountSettings {
  return {
    redisUrl: config.REDIS_URL ?? null,
    redisAnswerMs: config.SLUICE_REDIS_TIMEOUT_SEC * 1_000,
    dataDir: config.SLUICE_DATA_DIR,
    logLevel: config.SLUICE_LOG_LEVEL ?? null,
    queueBytesMax: config.SLUICE_QUEUE_BYTES_MAX,
    memoryPercentMax: config.SLUICE_MEMORY_PERCENT_MAX,
    deadLettersMax: config.SLUICE_DEAD_LETTERS_MAX,
    gatewayUrl: config.QUALYS_GATEWAY_URL,
    account: config.SLUICE_ACCOUNT ?? hostOf(config),
  };
}

function hostOf(config: z.output<typeof accountSettings>): string {
  const { host } = parseGatewayUrl(config.QUALYS_GATEWAY_URL, config.SLUICE_PLAIN_HTTP_HOST);
  return host.replaceAll(/[^\w.:-]/g, "-");
}

function toPolicy(config: z.output<typeof planSchema>): MappingPolicy {
  try {
    return mappingPolicy({
      connectorUuid: config.QUALYS_CONNECTOR_UUID,
      ...(config.SLUICE_KEY_FIELDS && { keyFields: config.SLUICE_KEY_FIELDS }),
      optionalFields: config.SLUICE_OPTIONAL_FIELDS ?? [],
      hardwareUuid: config.SLUICE_HARDWARE_UUID,
      dateFormat: config.SLUICE_DATE_FORMAT,
      macFormat: config.SLUICE_MAC_FORMAT,
    });
  } catch (error) {
    throw new ConfigError([error instanceof Error ? error.message : String(error)]);
  }
}

function toPolicyOfCalls(config: z.output<typeof workSchema>): SenderSettings["policy"] {
  return {
    pacing: config.SLUICE_PACING,
    callsReserved: config.SLUICE_CALLS_RESERVED,
    callsLive: config.SLUICE_CALLS_LIVE,
    callsBisection: config.SLUICE_CALLS_BISECTION,
    assetsPerCall: config.SLUICE_BATCH_ASSETS_MAX,
    fallback: {
      limit: config.SLUICE_CALLS_LIMIT,
      windowMs: config.SLUICE_CALLS_WINDOW_SEC * 1_000,
      concurrency: config.SLUICE_CALLS_CONCURRENCY,
    },
  };
}

function toWorker(config: z.output<typeof workerSettings>): WorkerSettings {
  return {
    assetsMax: config.SLUICE_BATCH_ASSETS_MAX,
    bytesMax: config.SLUICE_BATCH_BYTES_MAX,
    lingerMs: config.SLUICE_BATCH_LINGER_MS,
  };
}
