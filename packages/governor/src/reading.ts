/**
 * What one response says of the call budget, in the governor's own words. Each field is `null` when
 * the server did not say it, or said something that makes no sense.
 */
export interface Reading {
  /** Calls allowed in one rolling window. */
  limit: number | null;
  /** Length of the rolling window. */
  windowMs: number | null;
  /** Calls left in the window. Never negative. */
  remaining: number | null;
  /** How long to wait before the next call. Never negative. */
  toWaitMs: number | null;
  /** Calls that may be in flight at once. */
  concurrencyLimit: number | null;
  /** Calls in flight now, as the server counts them. */
  concurrencyRunning: number | null;
}

/** The reading of a response that says nothing. */
export const emptyReading: Reading = Object.freeze({
  limit: null,
  windowMs: null,
  remaining: null,
  toWaitMs: null,
  concurrencyLimit: null,
  concurrencyRunning: null,
});
