/** What one call may have. */
export interface CallBounds {
  assetsMax: number;
  bytesMax: number;
}

/** What a body has besides its assets. */
const ENVELOPE_BYTES = 512;

/** Counts the calls that assets take when they are cut into batches in their order. */
export class CallPacking {
  readonly #bounds: CallBounds;
  #calls = 0;
  #assets = 0;
  #bytes = 0;

  constructor(bounds: CallBounds) {
    this.#bounds = bounds;
  }

  get calls(): number {
    return this.#calls;
  }

  /** One more asset, of so many bytes. The first of a call always fits. */
  add(bytes: number): void {
    const { assetsMax, bytesMax } = this.#bounds;
    const isFull = this.#assets === assetsMax || this.#bytes + bytes + 1 > bytesMax;
    if (this.#calls === 0 || isFull) {
      this.#calls += 1;
      this.#assets = 0;
      this.#bytes = ENVELOPE_BYTES;
    }
    this.#assets += 1;
    this.#bytes += bytes + 1;
  }
}
