export { forecast, type Forecast, type ForecastFacts } from "./forecast.ts";
export { holdAfter, type CallFacts, type HoldReason, type NewHold } from "./hold.ts";
export { emptyReading, type Reading } from "./reading.ts";
