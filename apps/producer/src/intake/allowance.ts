/**
 * The bytes that all requests together may hold in memory. A request takes as its body arrives, and gives back what has
 * reached Redis.
 */
export class Allowance {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether there was room for as many bytes more; if not, nothing was taken. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }
}

/** What one request has taken and not handed on. */
export class Lease implements Disposable {
  readonly #allowance: Allowance;
  #bytes = 0;

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  take(bytes: number): boolean {
    if (!this.#allowance.take(bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  /** As much of what was taken, or all of it, now belongs to `work`, and is given back when that has ended. */
  handOver(bytesMax: number, work: Promise<unknown>): void {
    const bytes = Math.min(bytesMax, this.#bytes);
    this.#bytes -= bytes;
    const giveBack = () => this.#allowance.give(bytes);
    work.then(giveBack, giveBack);
  }

  [Symbol.dispose](): void {
    this.#allowance.give(this.#bytes);
    this.#bytes = 0;
  }
}
