export { createApiKey, type NewApiKey } from "./intake/api-keys.ts";
export type { IntakeConnector } from "./intake/intake-connector.ts";
export {
  startIntake,
  type Intake,
  type IntakeOptions,
  type IntakeSettings,
} from "./intake/intake.ts";
export { produce, type ProduceOptions } from "./produce.ts";
