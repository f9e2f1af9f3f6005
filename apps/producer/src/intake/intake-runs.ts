import { openRuns, sealRun, type Account, type Lane } from "@sluice/queue";
import { hourEndMs, hourlyRunId, hourOf, namedRunId } from "./run-ids.ts";
import { RunWriter, type RunWriterOptions } from "./run-writer.ts";

export interface IntakeRunsOptions extends Pick<
  RunWriterOptions,
  "account" | "lingerMs" | "onChunk"
> {
  /** By name, the connector as the workers know it. */
  connectors: ReadonlyMap<string, string>;
  /** The clock by which hours pass, in milliseconds since the epoch. */
  nowMs: () => number;
  onTrouble: (message: string) => void;
}

/** Which run a request wants. */
export interface RunChoice {
  connector: string;
  lane: Lane;
  /** Null for the run of the hour. */
  name: string | null;
}

/** A request may begin in one hour and end in the next, and clocks differ. */
const SEAL_DELAY_MS = 10 * 60_000;
const SEAL_MS = 60_000;
const WRITERS_MAX = 1_000;

/**
 * The runs into which requests go: one a connector, lane and hour, unless a client names one. Every intake process uses the same
 * ones, and seals those of past hours, whoever opened them.
 */
export class IntakeRuns implements Disposable {
  readonly #options: IntakeRunsOptions;
  readonly #writers = new Map<string, RunWriter>();
  readonly #timer: NodeJS.Timeout;
  #hour = 0;

  constructor(options: IntakeRunsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#seal(), SEAL_MS);
    void this.#seal();
  }

  /** The run's id, and who writes into it. */
  writerOf({ connector, lane, name }: RunChoice): { run: string; writer: RunWriter } {
    this.#hour = Math.max(this.#hour, hourOf(this.#options.nowMs()));
    const run =
      name === null ? hourlyRunId(connector, lane, this.#hour) : namedRunId(connector, lane, name);
    const known = this.#writers.get(run);
    if (known !== undefined) return { run, writer: known };
    const { account, lingerMs, onChunk, connectors } = this.#options;
    const uuid = connectors.get(connector) ?? connector;
    const place = { run, connector: uuid, lane };
    const writer = new RunWriter({ account, lingerMs, onChunk, ...place });
    this.#writers.set(run, writer);
    this.#forgetOldest();
    return { run, writer };
  }

  /** The hour's run was sealed by a process whose clock is ahead: the next hour begins here, too. */
  skipHour(run: string): void {
    const endMs = hourEndMs(run);
    if (endMs !== null) this.#hour = Math.max(this.#hour, hourOf(endMs));
  }

  /** A writer that is still at work ends by itself; another one for the same run does no harm. */
  #forgetOldest(): void {
    const [oldest] = this.#writers.keys();
    if (this.#writers.size > WRITERS_MAX && oldest !== undefined) this.#writers.delete(oldest);
  }

  async #seal(): Promise<void> {
    const { account, nowMs, onTrouble } = this.#options;
    try {
      await sealPastHours(account, nowMs() - SEAL_DELAY_MS);
    } catch (error) {
      onTrouble(`Cannot seal the runs of past hours: ${String(error)}; it is tried again`);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Seals the intake's runs whose hour had ended at that time. */
async function sealPastHours(account: Account, atMs: number): Promise<void> {
  for (const run of await openRuns(account)) {
    const endMs = hourEndMs(run);
    if (endMs !== null && endMs <= atMs) await sealRun(account, run);
  }
}
