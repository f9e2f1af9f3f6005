/**
 * What all requests together may hold, such as bytes of memory. A request takes as its body arrives, and gives back when it has
 * reached Redis.
 */
export class Allowance {
  readonly #max: number;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Whether there was room for as much more; if not, nothing was taken. */
  take(amount: number): boolean {
    if (this.#taken + amount > this.#max) return false;
    this.#taken += amount;
    return true;
  }

  give(amount: number): void {
    this.#taken -= amount;
  }

  get taken(): number {
    return this.#taken;
  }
}

/** What one request has taken and not handed on. */
export class Lease implements Disposable {
  readonly #allowance: Allowance;
  #taken = 0;

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  take(amount: number): boolean {
    if (!this.#allowance.take(amount)) return false;
    this.#taken += amount;
    return true;
  }

  /** As much of what was taken, or all of it, now belongs to `work`, and is given back when that has ended. */
  handOver(most: number, work: Promise<unknown>): void {
    const amount = Math.min(most, this.#taken);
    this.#taken -= amount;
    const giveBack = () => this.#allowance.give(amount);
    work.then(giveBack, giveBack);
  }

  [Symbol.dispose](): void {
    this.#allowance.give(this.#taken);
    this.#taken = 0;
  }
}
