import type { Connectors } from "../connectors/connectors.ts";
import type { Accepted } from "./accepted.ts";
import type { Delivery, ImportPolicy, Inventory } from "./inventory.ts";

/** When and how an accepted call gets into the inventory. */
interface IntakePolicy extends ImportPolicy {
  /** How long after it was accepted; 0 means with the call's answer. */
  readonly visibleAfterMs: number;
}

/** What the intake works with. */
export interface IntakeParts {
  readonly accepted: Accepted;
  readonly inventory: Inventory;
  readonly connectors: Connectors;
  readonly policy: () => IntakePolicy;
  /** The time in epoch ms. */
  readonly nowMs: () => number;
}

/**
 * Takes accepted calls into the inventory: at once, or in the order of their acceptance when their time has come, one
 * in each turn of the event loop. What waits is in the store and survives the process. Ends with `dispose`.
 */
export class Intake implements Disposable {
  readonly #parts: IntakeParts;
  #timer: NodeJS.Timeout | undefined;
  #isDisposed = false;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#schedule();
  }

  /** Whether a delivery of `count` assets fits, with those that wait. */
  hasRoomFor(count: number): boolean {
    const { accepted, inventory } = this.#parts;
    return inventory.hasRoomFor(accepted.assetCount + count);
  }

  /** Takes in a delivery that was accepted now. A later one never overtakes an earlier one. */
  take(delivery: Delivery): void {
    const { accepted, inventory, connectors, nowMs, policy } = this.#parts;
    const { visibleAfterMs } = policy();
    connectors.noteCall(delivery.connector, nowMs());
    if (visibleAfterMs === 0 && accepted.assetCount === 0) {
      inventory.import(delivery, nowMs(), policy());
      return;
    }
    accepted.add(delivery, nowMs() + visibleAfterMs);
    this.#schedule();
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    const { accepted, nowMs } = this.#parts;
    const { dueMs } = accepted;
    if (this.#timer !== undefined || dueMs === null || this.#isDisposed) return;
    this.#timer = setTimeout(() => this.#takeFirst(), Math.max(0, Math.ceil(dueMs - nowMs())));
  }

  #takeFirst(): void {
    const { accepted, inventory, connectors, policy, nowMs } = this.#parts;
    this.#timer = undefined;
    const { dueMs } = accepted;
    const first = dueMs !== null && dueMs <= nowMs() ? accepted.first() : undefined;
    if (first !== undefined) {
      const connector = connectors.byId(first.connectorId);
      inventory.import({ ...first, connector }, nowMs(), policy());
      accepted.remove(first);
    }
    this.#schedule();
  }
}
