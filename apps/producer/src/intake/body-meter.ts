import type { Lease } from "./allowance.ts";
import { busy, Problem } from "./problem.ts";

/** What a record takes in memory besides its text: a body of empty ones is small, and what is made of it is not. */
export const RECORD_BYTES = 100;

/**
 * Counts what a body brings, against its own bound and against that of all requests. Throws a `Problem`: 413 beyond the one, 503
 * beyond the other.
 */
export class BodyMeter {
  readonly #bytesMax: number;
  readonly #lease: Lease;
  #bytes = 0;

  constructor(bytesMax: number, lease: Lease) {
    this.#bytesMax = bytesMax;
    this.#lease = lease;
  }

  addBytes(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#bytesMax) throw tooLarge(this.#bytesMax);
    if (!this.#lease.take(bytes)) {
      throw busy("Too many bytes are in hand already; send the request again a little later");
    }
  }

  addRecords(count: number): void {
    this.addBytes(count * RECORD_BYTES);
  }
}

export function tooLarge(bytesMax: number): Problem {
  return new Problem(
    413,
    `The body has more than ${bytesMax} bytes, and ${RECORD_BYTES} for each record, as sent or unpacked; send it in parts`,
  );
}
