import type { Lane } from "@sluice/governor";
import type { Report } from "./events.ts";

export interface BatchStageOptions {
  /** Connectors with something in their outbox. */
  backlog: () => Promise<readonly string[]>;
  /** Takes the assets of one connector's next call, if it is time. */
  cut: (connector: string) => Promise<CutOutcome>;
  /** Gives a cut batch its body and its job. */
  publish: (batch: number, lane: Lane) => Promise<void>;
  report: Report;
  /** How long to wait at the most before looking again unasked. Default 1,000. */
  idleMs?: number;
}

type CutOutcome =
  | { kind: "batch"; batch: number; assets: number; lane: Lane }
  | { kind: "empty" }
  | { kind: "full" }
  | { kind: "wait"; delayMs: number };

type CutBatch = CutOutcome & { kind: "batch" };

/**
 * Outbox -> batches: cuts what the next calls need, and no more. One round goes over the connectors in turn, a batch
 * each, until none of them has one to give.
 */
export class BatchStage {
  readonly #options: BatchStageOptions;
  #wake: () => void = () => {};
  #isWoken = false;

  constructor(options: BatchStageOptions) {
    this.#options = options;
  }

  /** Something changed: do not wait for the next round. */
  wake(): void {
    this.#isWoken = true;
    this.#wake();
  }

  /**
   * Cuts all that can be cut now; what was cut is published while the next is being cut. Returns how long to wait before
   * the next round, unless woken.
   */
  async tick(): Promise<number> {
    const publishing: Promise<void>[] = [];
    try {
      return await this.#cutAll((connector, cut) => {
        publishing.push(this.#publish(connector, cut));
      });
    } finally {
      await Promise.all(publishing);
    }
  }

  async #cutAll(onBatch: (connector: string, cut: CutBatch) => void): Promise<number> {
    const idleMs = this.#options.idleMs ?? 1_000;
    let delayMs = idleMs;
    let connectors = await this.#options.backlog();
    while (connectors.length > 0) {
      const generous: string[] = [];
      for (const connector of connectors) {
        const outcome = await this.#options.cut(connector);
        if (outcome.kind === "wait") delayMs = Math.min(delayMs, outcome.delayMs);
        if (outcome.kind !== "batch") continue;
        generous.push(connector);
        onBatch(connector, outcome);
      }
      connectors = generous;
    }
    return delayMs;
  }

  /** Round after round until the signal; an error is reported and the next round tries again. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.wake(), { once: true });
    while (!signal.aborted) {
      this.#isWoken = false;
      const delayMs = await this.tick().catch((error: unknown) => {
        this.#complain(error);
        return 1_000;
      });
      await this.#rest(delayMs);
    }
  }

  /** Never rejects, as nobody awaits it while the next is being cut. What is left unpublished the sweep repairs. */
  async #publish(connector: string, { batch, assets, lane }: CutBatch): Promise<void> {
    try {
      await this.#options.publish(batch, lane);
      this.#options.report({ event: "batch.cut", batch, connector, assets });
    } catch (error) {
      this.#complain(error);
    }
  }

  #complain(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#options.report({ event: "trouble", stage: "batch", message });
  }

  /** Ends with the delay, or with the first wake since the round began. */
  async #rest(delayMs: number): Promise<void> {
    if (this.#isWoken) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
