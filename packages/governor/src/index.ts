export { defaultPolicy, type Lane, type Limits, type Pacing, type Policy } from "./policy.ts";
export { emptyReading, type Reading } from "./reading.ts";
export { distrust, emptyState, type GovernorState } from "./state.ts";
export {
  beginHold,
  endHold,
  enableConnector,
  endHolds,
  isDisabling,
  longestHold,
  partsOf,
  type EndCause,
  type EndedHold,
  type Hold,
} from "./holds.ts";
export type { DisablingReason, HoldReason, NewHold } from "./hold-after.ts";
export {
  isTooMuchRefused,
  judgeDoubt,
  type Doubt,
  type Evidence,
  type Failures,
  type Standing,
} from "./doubt.ts";
export { shareOpensAt, spareAssets } from "./bisection.ts";
export { beat, reserve, type CallRequest, type Decision } from "./reserve.ts";
export { release, settle, type SettledCall } from "./settle.ts";
export { concurrencyOf, freeCalls } from "./allowance.ts";
export { budgetShare } from "./budget-share.ts";
export { partialOpensAt } from "./pace.ts";
export { forecast, type Forecast } from "./forecast.ts";
export { simulate, type Scenario, type SimulationReport } from "./simulation/simulate.ts";
export { defaultStyle, type HeaderStyle } from "./simulation/model-server.ts";
