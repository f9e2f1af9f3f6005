/** A time at which a call budget may have changed behind the senders' backs. */
export interface Disturbance {
  kind: string;
  atMs: number;
}

/** A time in which no call may be made. */
export interface Silence {
  why: string;
  fromMs: number;
  untilMs: number | null;
}

/** What was done to the house and when, for people who read it and for the audit. */
export class Journal {
  readonly decisions: string[] = [];
  readonly disturbances: Disturbance[] = [];
  readonly silences: Silence[] = [];
  /** When an operator began to end holds. */
  readonly resumes: number[] = [];
  kills = 0;
  /** What was found wrong. */
  readonly problems: string[] = [];
  readonly #beganMs = Date.now();
  readonly #tell: (line: string) => void;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  say(decision: string): void {
    const line = `${((Date.now() - this.#beganMs) / 1_000).toFixed(1).padStart(6)} s  ${decision}`;
    this.decisions.push(line);
    this.#tell(line);
  }

  disturbed(kind: string): void {
    if (kind.startsWith("kill")) this.kills += 1;
    this.disturbances.push({ kind, atMs: Date.now() });
  }

  resumed(): void {
    this.resumes.push(Date.now());
  }
}
