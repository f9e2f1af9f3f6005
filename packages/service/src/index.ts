export { ConfigError, loadConfig, readSecretFile, secret, unknownVariables } from "./config.ts";
export {
  serveHealth,
  type HealthOptions,
  type HealthServer,
  type Readiness,
} from "./health-server.ts";
export { createLog, type LogLevel, type LogOptions } from "./log.ts";
export { readYaml, type YamlMistake, type YamlRead } from "./read-yaml.ts";
export { aborted, pause, runUntilSignal, type RunOptions, type SignalSource } from "./run.ts";
export { noSuchName, type PlacelessMistake } from "./schema-mistakes.ts";
export { Secret } from "./secret.ts";
export {
  accountSettings,
  ALL_SETTINGS,
  clientSettings,
  connectorSettings,
  healthSettings,
  intakeSettings,
  mappingSettings,
  processSettings,
  sandboxSettings,
  senderSettings,
  signInSettings,
  userSettings,
  workerSettings,
} from "./settings.ts";
