/**
 * The bytes of one record while they arrive in pieces. Of a record longer than the bound no more is
 * kept than it takes to see that it is too long, so memory does not grow with it.
 */
export class PartialRecord {
  readonly #bytesMax: number;
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  append(piece: Buffer): void {
    if (piece.length === 0 || this.#bytes > this.#bytesMax) return;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  /** Whether there is nothing in it but white space. */
  isBlank(): boolean {
    return this.#pieces.every((piece) => piece.toString("latin1").trim() === "");
  }

  /** What was kept, and an empty record to go on with. Longer than the bound if the record was. */
  take(): Buffer {
    const [first, ...rest] = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    if (first === undefined) return Buffer.alloc(0);
    return rest.length === 0 ? first : Buffer.concat([first, ...rest]);
  }
}
