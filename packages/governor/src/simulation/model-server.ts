import type { Limits } from "../policy.ts";
import { emptyReading, type Reading } from "../reading.ts";

/** How the modelled server tells of its limits. */
export interface HeaderStyle {
  headers: "all" | "pair" | "none";
  toWait: "up" | "down" | "none";
  /** Whether Remaining has the answered call taken off already. */
  countsItself: boolean;
}

export const defaultStyle: HeaderStyle = { headers: "all", toWait: "up", countsItself: true };

/** What the server makes of one call at its arrival. */
export interface Arrival {
  outcome: "accepted" | "limited";
  cause: "rate" | "concurrency";
  reading: Reading;
}

/**
 * Qualys's limits as documented: a rolling window that reaches back from each call's arrival, and a number of calls at
 * once, which is looked at first. Refused calls take no place. https://docs.qualys.com "API Limits".
 */
export class ModelServer {
  limits: Limits;
  running = 0;
  /** Arrivals of counted calls; `own` are ours. */
  readonly ownMs: number[] = [];
  /** When each refusal of ours was, by its cause. */
  readonly refusedMs = { rate: new Array<number>(), concurrency: new Array<number>() };
  foreign = 0;
  #windowMs: number[] = [];
  readonly #style: HeaderStyle;

  constructor(limits: Limits, style: HeaderStyle) {
    this.limits = limits;
    this.#style = style;
  }

  /** A call arrives. An accepted one runs until `leave`. */
  arrive(nowMs: number, isOurs: boolean): Arrival {
    this.#windowMs = this.#windowMs.filter((atMs) => nowMs - atMs < this.limits.windowMs);
    if (this.running >= this.limits.concurrency) return this.#refuse("concurrency", nowMs, isOurs);
    if (this.#windowMs.length >= this.limits.limit) return this.#refuse("rate", nowMs, isOurs);
    this.#windowMs.push(nowMs);
    this.running += 1;
    if (isOurs) this.ownMs.push(nowMs);
    else this.foreign += 1;
    return { outcome: "accepted", cause: "rate", reading: this.#reading(nowMs, true) };
  }

  leave(): void {
    this.running -= 1;
  }

  #refuse(cause: "rate" | "concurrency", nowMs: number, isOurs: boolean): Arrival {
    if (isOurs) this.refusedMs[cause].push(nowMs);
    return { outcome: "limited", cause, reading: this.#reading(nowMs, false) };
  }

  #reading(nowMs: number, isCounted: boolean): Reading {
    const { headers, toWait, countsItself } = this.#style;
    if (headers === "none") return emptyReading;
    const { limit, windowMs, concurrency } = this.limits;
    const free = Math.max(0, limit - this.#windowMs.length);
    const leaves = this.#windowMs[this.#windowMs.length - limit];
    const seconds = leaves === undefined ? 0 : (leaves + windowMs - nowMs) / 1_000;
    const told = toWait === "up" ? Math.ceil(seconds) : Math.floor(seconds);
    const pair = {
      ...emptyReading,
      remaining: free + (isCounted && !countsItself ? 1 : 0),
      toWaitMs: toWait === "none" ? null : told * 1_000,
    };
    if (headers === "pair") return pair;
    return {
      ...pair,
      limit,
      windowMs,
      concurrencyLimit: concurrency,
      concurrencyRunning: this.running,
    };
  }
}
