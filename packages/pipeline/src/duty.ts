/** How much could be done at a moment, as Redis has it: not as whoever should do it sees it. */
export interface DueWork {
  /** Chunks that nobody has taken. */
  chunks: number;
  /** Connectors with something to cut. */
  connectors: number;
  /** Batches that nobody has taken although a call could be made now. */
  batches: number;
}

/**
 * Something a process does over and over, such as taking chunks. Whoever does it tells of each time; looks from outside
 * tell whether there was something to do. Looks are counted, not time: a process that was stopped for a while, or whose
 * machine slept, has neglected nothing.
 */
export class Duty {
  /** What has to be done: "take a chunk". */
  readonly name: string;
  readonly #isDue: (work: DueWork) => boolean;
  #isDone = false;
  #inHand = 0;
  #missedLooks = 0;

  constructor(name: string, isDue: (work: DueWork) => boolean) {
    this.name = name;
    this.#isDue = isDue;
  }

  /** It was done once more. */
  done(): void {
    this.#isDone = true;
  }

  /** Does a piece of it. What is in hand is due until it ends, however it ends. */
  async carry<Result>(work: () => Promise<Result>): Promise<Result> {
    this.done();
    this.#inHand += 1;
    try {
      return await work();
    } finally {
      this.#inHand -= 1;
      this.done();
    }
  }

  /** Waits, with a piece in hand, for somebody else who has a time limit: nothing is due because of this piece meanwhile. */
  async waitFor<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#inHand -= 1;
    try {
      return await work();
    } finally {
      this.#inHand += 1;
      this.done();
    }
  }

  /**
   * A look from outside; null when Redis did not answer, which is not this process's fault. Returns how many looks in a row
   * saw it due, and not done since the look before.
   */
  look(work: DueWork | null): number {
    const isDue = work !== null && (this.#inHand > 0 || this.#isDue(work));
    this.#missedLooks = isDue && !this.#isDone ? this.#missedLooks + 1 : 0;
    this.#isDone = false;
    return this.#missedLooks;
  }
}

/** A role that runs, until it is disposed of, and what it has to do meanwhile. */
export interface RunningRole extends AsyncDisposable {
  readonly duties: readonly Duty[];
}
