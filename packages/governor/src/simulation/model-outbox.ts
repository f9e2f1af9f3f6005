import type { Lane } from "../policy.ts";

/** One call's worth of assets. */
export interface ModelBatch {
  lane: Lane;
  assets: number;
  /** When each of its live assets came. */
  liveMs: readonly number[];
}

/** Assets that wait, as numbers: live ones by when they came, and a heap of backfill. Live goes first. */
export class ModelOutbox {
  backfill: number;
  readonly #liveMs: number[] = [];
  readonly #assetsPerCall: number;
  readonly #lingerMs: number;

  constructor(backfill: number, assetsPerCall: number, lingerMs: number) {
    this.backfill = backfill;
    this.#assetsPerCall = assetsPerCall;
    this.#lingerMs = lingerMs;
  }

  arrive(nowMs: number): void {
    this.#liveMs.push(nowMs);
  }

  get assets(): number {
    return this.backfill + this.#liveMs.length;
  }

  get lane(): Lane {
    return this.#liveMs.length > 0 ? "live" : "backfill";
  }

  /** When the next batch may be cut: a full one now, a partial one when it has waited, or when nothing more will come. */
  dueAtMs(nowMs: number, partialOpensAtMs: number, isMoreComing: boolean): number {
    if (this.assets >= this.#assetsPerCall || !isMoreComing) return nowMs;
    return Math.max((this.#liveMs[0] ?? nowMs) + this.#lingerMs, partialOpensAtMs);
  }

  take(): ModelBatch {
    const lane = this.lane;
    const liveMs = this.#liveMs.splice(0, this.#assetsPerCall);
    const filled = Math.min(this.backfill, this.#assetsPerCall - liveMs.length);
    this.backfill -= filled;
    return { lane, assets: liveMs.length + filled, liveMs };
  }
}
