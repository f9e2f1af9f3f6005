/** What one endpoint grants one account. The documented example is 300 calls in 3,600 s, 2 at once. */
export interface Limits {
  /** Calls allowed in any window of `windowMs`. At least 1. */
  readonly limit: number;
  readonly windowMs: number;
  /** Calls that may run at once. At least 1. */
  readonly concurrency: number;
}

/** Let in and counted, or refused and not counted, with the rule that refused. */
export type Admission = "admitted" | "concurrency" | "rate";

/** The state of a limiter at one moment. */
export interface LimiterState {
  /** Calls that would be let in now, one after the other, before the window is full. */
  readonly remaining: number;
  /** How long until a call would fit into the window; 0 when one fits now. */
  readonly toWaitMs: number;
  readonly running: number;
  /** Counted calls in the window. */
  readonly inWindow: number;
}

/**
 * A rolling window and a concurrency limit, as Qualys documents them: the window reaches back from
 * each call's arrival, and the concurrency rule is checked first, so that its refusal wins.
 * A refused call takes no place in the window.
 *
 * Pure: the caller brings the time, which must not go backwards. Holds one number per counted call
 * of the window, so at most `limit` of them.
 */
export class Limiter {
  #limits: Limits;
  #running = 0;
  /** Arrivals of the counted calls, oldest first; those outside the window go when the time is next looked at. */
  readonly #arrivalsMs: number[] = [];

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get limits(): Limits {
    return this.#limits;
  }

  /** Changes the rules from now on. Calls that a shorter window let go do not come back with a longer one. */
  configure(limits: Limits): void {
    this.#limits = limits;
  }

  /** Asks for a call that arrives at `nowMs`. Each `admitted` must be ended by one `release`. */
  admit(nowMs: number): Admission {
    if (this.#running >= this.#limits.concurrency) return "concurrency";
    if (this.state(nowMs).remaining === 0) return "rate";
    this.#arrivalsMs.push(nowMs);
    this.#running += 1;
    return "admitted";
  }

  /** Ends one admitted call. It stays in the window. */
  release(): void {
    if (this.#running === 0) throw new Error("Cannot release a call: none is running");
    this.#running -= 1;
  }

  state(nowMs: number): LimiterState {
    this.#forgetBefore(nowMs);
    const { limit, windowMs } = this.#limits;
    const remaining = Math.max(0, limit - this.#arrivalsMs.length);
    // After the limit was lowered, several calls have to leave the window before one fits.
    const mustLeaveMs = this.#arrivalsMs[this.#arrivalsMs.length - limit];
    const toWaitMs = mustLeaveMs === undefined ? 0 : mustLeaveMs + windowMs - nowMs;
    return { remaining, toWaitMs, running: this.#running, inWindow: this.#arrivalsMs.length };
  }

  #forgetBefore(nowMs: number): void {
    const { windowMs } = this.#limits;
    const kept = this.#arrivalsMs.findIndex((arrivalMs) => nowMs - arrivalMs < windowMs);
    this.#arrivalsMs.splice(0, kept === -1 ? this.#arrivalsMs.length : kept);
  }
}
