export { BatchStage, type BatchStageOptions } from "./batch-stage.ts";
export { Duty, type DueWork, type RunningRole } from "./duty.ts";
export { levelOf, type Level, type PipelineEvent, type Report } from "./events.ts";
export type { Isolation, Killed } from "./isolated-outcomes.ts";
export { createNewerReport } from "./newer-formats.ts";
export type { OutboundBatch, SendStageOptions } from "./outbound.ts";
export { Plan, type DeadGroup, type PlanReport } from "./plan/plan.ts";
export { createSendStage, reportEnded } from "./send-stage.ts";
export {
  createTransformStage,
  outcomeOf,
  settlementOf,
  type TransformStageOptions,
} from "./transform-stage.ts";
export { watchDuties, type Watched, type WatchOptions } from "./watch-duties.ts";
