import type { IntakeSettings } from "@sluice/producer";
import {
  healthSettings,
  intakeSettings,
  loadConfig,
  processSettings,
  type LogLevel,
} from "@sluice/service";
import type { AccountSettings, ConnectorSettings } from "./config/account-settings.ts";
import { overriddenNotes, withoutDescribing } from "./config/describing.ts";
import { findConfigFile } from "./config/find-file.ts";
import { accountOfEnvironment, transformOfEnvironment } from "./config/from-environment.ts";
import { accountsOfFile } from "./config/from-file.ts";
import { toIntake } from "./config/intake-settings.ts";
import type { Needs } from "./config/needs.ts";
import { readVariables, together, type Environment } from "./config/variables.ts";
import { CommandError } from "./exit-codes.ts";
import type { TransformSettings } from "./mapping/load-transform.ts";

/** What of the configuration is the process's own, and not an account's. */
export interface ProcessSettings {
  redisUrl: string | null;
  redisAnswerMs: number;
  dataDir: string;
  logLevel: LogLevel | null;
  queueBytesMax: number;
  memoryPercentMax: number;
  deadLettersMax: number;
}

/** All that is configured. */
export interface Settings extends ProcessSettings {
  /** The file that says it; null for the environment. */
  file: string | null;
  accounts: readonly AccountSettings[];
  /** What may surprise a reader of the configuration. */
  notes: readonly string[];
}

/** Which of the accounts and connectors a user means. */
export interface Choice {
  account?: string;
  connector?: string;
}

/** Which connector, and whether its records are mapped otherwise. */
export interface MappingChoice extends Choice {
  /** A file, instead of what the configuration says. */
  mapping?: string;
}

/** Reads file and environment. Throws one `ConfigError` with every mistake. */
export function readSettings(environment: Environment, needs: Needs): Settings {
  const file = findConfigFile(environment);
  const [accounts, config] = together<readonly AccountSettings[], ProcessSettings>(
    () =>
      file === null
        ? [accountOfEnvironment(environment, needs)]
        : accountsOfFile(file, environment, needs),
    () => readProcess(file === null ? environment : withoutDescribing(environment)),
  );
  const notes = file === null ? [] : overriddenNotes(file, environment);
  return { ...config, file, accounts, notes };
}

/** The settings as a command's `--mapping` changes them: for the connector that it is about. */
export function withMapping(settings: Settings, choice: MappingChoice): Settings {
  if (choice.mapping === undefined) return settings;
  const { connector } = chosenConnector(settings, choice);
  const changed = { ...connector, transform: mappedBy(connector.transform, choice) };
  const accounts = settings.accounts.map((account) => ({
    ...account,
    connectors: account.connectors.map((one) => (one === connector ? changed : one)),
  }));
  return { ...settings, accounts };
}

/** For commands that look at a mapping alone: what becomes of a record, and how the connector's files are read. */
export function readMappingSettings(
  environment: Environment,
  choice: MappingChoice,
): Pick<ConnectorSettings, "transform"> & {
  reading: Pick<ConnectorSettings, "format" | "at" | "encoding">;
} {
  if (findConfigFile(environment) === null) {
    return { transform: mappedBy(transformOfEnvironment(environment), choice), reading: {} };
  }
  const settings = readSettings(environment, "connectors");
  const { connector: reading } = chosenConnector(settings, choice);
  return { transform: mappedBy(reading.transform, choice), reading };
}

function mappedBy(transform: TransformSettings, { mapping: path }: MappingChoice) {
  return path === undefined
    ? transform
    : { ...transform, mapping: { kind: "file", path } as const };
}

function readProcess(environment: Environment): ProcessSettings {
  const config = readVariables(processSettings, environment);
  return {
    redisUrl: config.REDIS_URL ?? null,
    redisAnswerMs: config.SLUICE_REDIS_TIMEOUT_SEC * 1_000,
    dataDir: config.SLUICE_DATA_DIR,
    logLevel: config.SLUICE_LOG_LEVEL ?? null,
    queueBytesMax: config.SLUICE_QUEUE_BYTES_MAX,
    memoryPercentMax: config.SLUICE_MEMORY_PERCENT_MAX,
    deadLettersMax: config.SLUICE_DEAD_LETTERS_MAX,
  };
}

/** What `sluice up` needs, whose roles may include the intake. */
export interface UpSettings {
  settings: Settings;
  /** Null where no keys and no secrets are configured. */
  intake: IntakeSettings | null;
  /** How long something may be due and not done. */
  progressTimeoutMs: number;
}

/** Reads what a process of roles needs. */
export function readUpSettings(environment: Environment, needs: Needs): UpSettings {
  const [settings, intake] = together(
    () => readSettings(environment, needs),
    () => toIntake(loadConfig(intakeSettings, environment)),
  );
  const { SLUICE_PROGRESS_TIMEOUT_SEC: seconds } = loadConfig(healthSettings, environment);
  return { settings, intake, progressTimeoutMs: seconds * 1_000 };
}

/** The accounts that a user means: the named one, the named connector's, or all. */
export function chosenAccounts(
  { accounts }: Pick<Settings, "accounts">,
  choice: Choice,
): readonly AccountSettings[] {
  const { account: name } = choice;
  if (choice.connector !== undefined) return [chosenConnector({ accounts }, choice).account];
  if (name === undefined) return accounts;
  const found = accounts.filter((account) => account.name === name);
  if (found.length > 0) return found;
  throw new CommandError(`Cannot find account "${name}"; there is ${namesOf(accounts)}`);
}

/** The one account that a user means: the only one need not be named. */
export function chosenAccount(
  settings: Pick<Settings, "accounts">,
  choice: Choice,
): AccountSettings {
  const [first, second] = chosenAccounts(settings, choice);
  if (first !== undefined && second === undefined) return first;
  throw new CommandError(
    `Cannot choose among several accounts: use --account NAME; there is ${namesOf(settings.accounts)}`,
  );
}

/** What has to be known for a choice. */
export function needsOf({ connector }: Choice): Needs {
  return connector === undefined ? "account" : "connectors";
}

/** The UUID of the connector that a user named; null where none was. */
export function chosenUuid(settings: Pick<Settings, "accounts">, choice: Choice): string | null {
  return choice.connector === undefined ? null : chosenConnector(settings, choice).connector.uuid;
}

/** The connector that a user means, with its account: the only one need not be named. */
export function chosenConnector(
  { accounts }: Pick<Settings, "accounts">,
  { account: accountName, connector: name }: Choice,
): { account: AccountSettings; connector: ConnectorSettings } {
  const all = accounts
    .filter((account) => accountName === undefined || account.name === accountName)
    .flatMap((account) => account.connectors.map((connector) => ({ account, connector })));
  const found =
    name === undefined
      ? all
      : all.filter(({ connector }) => connector.name === name || connector.uuid === name);
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  const known = namesOf(all.map(({ connector }) => connector));
  throw new CommandError(
    name === undefined
      ? `Cannot choose among several connectors: use --connector NAME; there is ${known}`
      : `Cannot find connector "${name}"; there is ${known}`,
  );
}

function namesOf(all: readonly { name: string }[]): string {
  return all.length === 0 ? "none" : all.map(({ name }) => name).join(", ");
}
