import { openRuns, sealRun, type Account, type Lane, type Queues } from "@sluice/queue";
import { accountsOf, type IntakeConnector, type IntakeConnectors } from "./intake-connector.ts";
import { noSuchConnector } from "./problem.ts";
import { hourEndMs, hourlyRunId, hourOf, namedRunId } from "./run-ids.ts";
import { RunWriter, type RunWriterOptions } from "./run-writer.ts";

export interface IntakeRunsOptions extends Pick<RunWriterOptions, "lingerMs"> {
  connectors: IntakeConnectors;
  /** A chunk is in Redis. */
  onChunk: (queues: Queues, lane: Lane, sequence: number) => void;
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
  readonly #writers = new Map<string, { into: IntakeConnector; writer: RunWriter }>();
  readonly #timer: NodeJS.Timeout;
  #hour = 0;

  constructor(options: IntakeRunsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#seal(), SEAL_MS);
    void this.#seal();
  }

  /** The run's id, and who writes into it. Throws a `Problem` when the connector has gone meanwhile. */
  writerOf({ connector, lane, name }: RunChoice): { run: string; writer: RunWriter } {
    this.#hour = Math.max(this.#hour, hourOf(this.#options.nowMs()));
    const run =
      name === null ? hourlyRunId(connector, lane, this.#hour) : namedRunId(connector, lane, name);
    const { lingerMs, onChunk, connectors } = this.#options;
    const into = connectors.get(connector);
    if (into === undefined) throw noSuchConnector(connector, connectors);
    const known = this.#writers.get(run);
    if (known?.into === into) return { run, writer: known.writer };
    const { account, queues, uuid } = into;
    const writer = new RunWriter({
      account,
      run,
      connector: uuid,
      lane,
      lingerMs,
      onChunk: (...chunk) => onChunk(queues, ...chunk),
    });
    this.#writers.set(run, { into, writer });
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
    const { connectors, nowMs, onTrouble } = this.#options;
    for (const account of accountsOf(connectors)) {
      try {
        await sealPastHours(account, nowMs() - SEAL_DELAY_MS);
      } catch (error) {
        onTrouble(`Cannot seal the runs of past hours: ${String(error)}; it is tried again`);
      }
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
