interface Event {
  atMs: number;
  happen: () => void;
}

/** A clock that jumps from event to event: hours pass in no time, and the same events always in the same order. */
export class VirtualTime {
  nowMs: number;
  /** The latest first, so that the next one is taken from the end; of those at one time the newest first. */
  readonly #events: Event[] = [];

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  /** Lets something happen at a time; never before now. */
  at(atMs: number, happen: () => void): void {
    const event = { atMs: Math.max(atMs, this.nowMs), happen };
    const index = this.#events.findLastIndex((other) => other.atMs > event.atMs) + 1;
    this.#events.splice(index, 0, event);
  }

  after(delayMs: number, happen: () => void): void {
    this.at(this.nowMs + delayMs, happen);
  }

  /** Runs until nothing is left to happen, or until told to stop. */
  run(isOver: () => boolean): void {
    for (let next = this.#events.pop(); next && !isOver(); next = this.#events.pop()) {
      this.nowMs = next.atMs;
      next.happen();
    }
  }
}
