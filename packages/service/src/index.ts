export { ConfigError, loadConfig, secret, unknownVariables } from "./config.ts";
export { createLog, type LogLevel, type LogOptions } from "./log.ts";
export { aborted, pause, runUntilSignal, type RunOptions, type SignalSource } from "./run.ts";
export { Secret } from "./secret.ts";
export {
  accountSettings,
  ALL_SETTINGS,
  clientSettings,
  connectorSettings,
  intakeSettings,
  mappingSettings,
  processSettings,
  sandboxSettings,
  senderSettings,
  signInSettings,
  userSettings,
  workerSettings,
} from "./settings.ts";
