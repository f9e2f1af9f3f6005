/**
 * What a sender can't know of the budget: `limits` were changed; `redis` was killed, with what was on its way there; a
 * `sender` was killed, stopped or cut off, perhaps with a call that still runs.
 */
type DisturbanceKind = "limits" | "redis" | "sender";

export interface Disturbance {
  kind: DisturbanceKind;
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
  /** Processes that were killed. */
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

  disturbed(kind: DisturbanceKind): void {
    this.disturbances.push({ kind, atMs: Date.now() });
  }

  resumed(): void {
    this.resumes.push(Date.now());
  }
}
