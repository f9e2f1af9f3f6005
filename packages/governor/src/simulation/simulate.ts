import { partialOpensAt } from "../pace.ts";
import type { Limits, Policy } from "../policy.ts";
import { beat, reserve } from "../reserve.ts";
import { settle } from "../settle.ts";
import { emptyState, type GovernorState } from "../state.ts";
import { Chance } from "./chance.ts";
import { ModelOutbox, type ModelBatch } from "./model-outbox.ts";
import { ModelServer, type HeaderStyle } from "./model-server.ts";
import { VirtualTime } from "./virtual-time.ts";

/** A world to try the governor in; a sender is left alive in it. Pairs are least and most of something that chance decides. */
export interface Scenario {
  seed: number;
  policy: Policy;
  limits: Limits;
  style: HeaderStyle;
  /** How long the server works on a call, and how long a call is on its way. */
  latencyMs: readonly [number, number];
  wayMs: readonly [number, number];
  senders: number;
  /** Assets that wait at the beginning, and those that come an hour. */
  backfill: number;
  livePerHour: number;
  assetsPerCall: number;
  lingerMs: number;
  /** Calls that others make in a window, by chance. */
  foreignPerWindow: number;
  /** What changes on the way. */
  changes: readonly ({ atMs: number } & ({ limits: Limits } | { killSender: number }))[];
  /** Live assets come until then; the simulation ends when all is delivered. */
  untilMs: number;
}

export interface SimulationReport {
  /** When the last asset was delivered: the time of day, and from the beginning. */
  endedAtMs: number;
  elapsedMs: number;
  calls: number;
  assets: number;
  /** From arrival to answer, of each live asset, in ascending order. */
  liveMs: readonly number[];
  server: ModelServer;
  state: GovernorState;
}

type OnStep = (state: GovernorState, waitingAssets: number, nowMs: number) => void;

const START_MS = 1_700_000_000_000;
/** A short lease is only needed where a sender is going to die. */
const LEASE_MS = 4_000;
const LEASE_MS_CALM = 400_000;
const CALL_MS_MAX = 150_000;
/** From the end of a wait to the next look, and from a permit to the request. */
const REACTION_MS = 5;
/** A governor that lets nothing be delivered for so long is stuck. */
const STEPS_MAX = 1_000_000;

/**
 * Runs the governor that runs in production against a modelled server, in virtual time. `onStep` sees the state after
 * each call that was accepted, with the assets that are not delivered yet.
 */
export function simulate(scenario: Scenario, onStep: OnStep = () => {}): SimulationReport {
  return new Simulation(scenario, onStep).run();
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #onStep: OnStep;
  readonly #time = new VirtualTime(START_MS);
  readonly #chance: Chance;
  readonly #server: ModelServer;
  readonly #outbox: ModelOutbox;
  readonly #living: boolean[];
  readonly #leaseMs: number;
  #state: GovernorState;
  /** Batches that were cut and are not delivered; those with no call go first. */
  readonly #cut: ModelBatch[] = [];
  #arrived: number;
  #lookAtMs = Infinity;
  #lastAnswerMs = START_MS;
  #delivered = 0;
  readonly #liveMs: number[] = [];
  #idleSteps = 0;

  constructor(scenario: Scenario, onStep: OnStep) {
    this.#scenario = scenario;
    this.#onStep = onStep;
    this.#chance = new Chance(scenario.seed);
    this.#server = new ModelServer(scenario.limits, scenario.style);
    const { backfill, assetsPerCall, lingerMs } = scenario;
    this.#arrived = backfill;
    this.#outbox = new ModelOutbox(backfill, assetsPerCall, lingerMs);
    this.#living = Array.from({ length: scenario.senders }, () => true);
    const isDeadly = scenario.changes.some((change) => "killSender" in change);
    this.#leaseMs = isDeadly ? LEASE_MS : LEASE_MS_CALM;
    this.#state = { ...emptyState, policy: scenario.policy };
  }

  run(): SimulationReport {
    const { changes, livePerHour, foreignPerWindow, limits } = this.#scenario;
    for (const change of changes) this.#time.at(START_MS + change.atMs, () => this.#change(change));
    if (livePerHour > 0) this.#arriveLive();
    if (foreignPerWindow > 0) this.#callFromElsewhere(foreignPerWindow / limits.windowMs);
    this.#beat();
    this.#lookAt(START_MS);
    this.#time.run(() => this.#isOver());
    return {
      endedAtMs: this.#lastAnswerMs,
      elapsedMs: this.#lastAnswerMs - START_MS,
      calls: this.#server.ownMs.length,
      assets: this.#delivered,
      liveMs: this.#liveMs.toSorted((a, b) => a - b),
      server: this.#server,
      state: this.#state,
    };
  }

  #isMoreComing(): boolean {
    return this.#scenario.livePerHour > 0 && this.#time.nowMs < START_MS + this.#scenario.untilMs;
  }

  #isOver(): boolean {
    this.#idleSteps += 1;
    if (this.#idleSteps > STEPS_MAX) {
      throw new Error(`Cannot end the simulation: ${this.#waiting()} assets are never delivered`);
    }
    return this.#waiting() === 0 && !this.#isMoreComing();
  }

  /** Assets that are not delivered yet. */
  #waiting(): number {
    return this.#arrived - this.#delivered;
  }

  #change(change: Scenario["changes"][number]): void {
    if ("limits" in change) this.#server.limits = change.limits;
    else this.#living[change.killSender] = false;
  }

  #arriveLive(): void {
    const { livePerHour } = this.#scenario;
    this.#time.after(this.#chance.gapMs(livePerHour / 3_600_000), () => {
      if (!this.#isMoreComing()) return;
      this.#outbox.arrive(this.#time.nowMs);
      this.#arrived += 1;
      this.#lookAt(this.#time.nowMs);
      this.#arriveLive();
    });
  }

  /** Another user's script: one call after the other, at random. */
  #callFromElsewhere(perMs: number): void {
    this.#time.after(this.#chance.gapMs(perMs), () => {
      const { outcome } = this.#server.arrive(this.#time.nowMs, false);
      const latencyMs = outcome === "accepted" ? this.#chance.between(this.#scenario.latencyMs) : 0;
      this.#time.after(latencyMs, () => {
        if (outcome === "accepted") this.#server.leave();
        this.#callFromElsewhere(perMs);
      });
    });
  }

  #beat(): void {
    for (const [index, isLiving] of this.#living.entries()) {
      if (!isLiving) continue;
      const sender = { id: `s${index}`, leaseMs: this.#leaseMs, policy: this.#scenario.policy };
      this.#state = beat(this.#state, sender, this.#time.nowMs).state;
    }
    this.#time.after(this.#leaseMs / 4, () => this.#beat());
  }

  /** One look is enough, and the earliest counts. */
  #lookAt(atMs: number): void {
    if (this.#lookAtMs <= atMs) return;
    this.#lookAtMs = atMs;
    this.#time.at(atMs, () => {
      if (this.#lookAtMs !== atMs) return;
      this.#lookAtMs = Infinity;
      this.#look();
    });
  }

  #look(): void {
    for (const [index, isLiving] of this.#living.entries()) {
      if (!isLiving) continue;
      const waitMs = this.#tryToSend(`s${index}`);
      if (waitMs === null) continue;
      if (waitMs < Infinity) this.#lookAt(this.#time.nowMs + waitMs + REACTION_MS);
      return;
    }
    this.#lookAt(this.#time.nowMs + REACTION_MS);
  }

  /** Makes one call, or tells how long to wait: for ever when there is nothing to send. */
  #tryToSend(sender: string): number | null {
    const { nowMs } = this.#time;
    const batch = this.#cut.pop() ?? this.#cutBatch();
    if (batch === null) return Infinity;
    if (typeof batch === "number") return batch - nowMs;
    const { state, decision } = reserve(this.#state, this.#requestOf(sender, batch), nowMs);
    this.#state = state;
    if (decision.kind === "wait") {
      this.#cut.push(batch);
      return decision.delayMs;
    }
    this.#call(sender, decision.call, batch);
    return null;
  }

  /** The next batch, when it is due, or null when nothing waits. */
  #cutBatch(): ModelBatch | number | null {
    if (this.#outbox.assets === 0) return null;
    const { nowMs } = this.#time;
    const opensAtMs = partialOpensAt(this.#state, nowMs);
    const dueAtMs = this.#outbox.dueAtMs(nowMs, opensAtMs, this.#isMoreComing());
    return dueAtMs > nowMs ? dueAtMs : this.#outbox.take();
  }

  #requestOf(sender: string, batch: ModelBatch) {
    const { policy } = this.#scenario;
    const lease = { sender, leaseMs: this.#leaseMs, callMsMax: CALL_MS_MAX };
    const waitingAssets = this.#waiting();
    const assets = { waitingAssets, otherAssets: waitingAssets, isSuspect: false };
    return { ...lease, ...assets, connector: "c", lane: batch.lane, policy };
  }

  #call(sender: string, call: number, batch: ModelBatch): void {
    const { wayMs, latencyMs } = this.#scenario;
    const sentMs = this.#time.nowMs;
    this.#time.after(REACTION_MS + this.#chance.between(wayMs), () => {
      const arrival = this.#server.arrive(this.#time.nowMs, true);
      const isAccepted = arrival.outcome === "accepted";
      this.#time.after(isAccepted ? this.#chance.between(latencyMs) : 1, () => {
        if (isAccepted) this.#server.leave();
        this.#time.after(this.#chance.between(wayMs), () => {
          if (this.#living[Number(sender.slice(1))] !== true) {
            // The sender died meanwhile: its batch is tried again when its lock has ended.
            this.#time.after(this.#leaseMs + 500, () => this.#returned(batch));
            return;
          }
          this.#settle(call, batch, arrival, this.#time.nowMs - sentMs);
          if (isAccepted) this.#deliver(batch);
          else this.#returned(batch);
        });
      });
    });
  }

  #returned(batch: ModelBatch): void {
    this.#cut.push(batch);
    this.#lookAt(this.#time.nowMs);
  }

  #settle(
    call: number,
    { assets }: ModelBatch,
    { outcome, cause, reading }: ReturnType<ModelServer["arrive"]>,
    elapsedMs: number,
  ): void {
    const made = {
      call,
      outcome,
      cause,
      message: "",
      assets,
      elapsedMs,
      reading,
      connector: "c",
      status: null,
      mayBeBatch: false,
      isCanary: false,
      isSuspect: false,
      failures: null,
      refusals: 0,
      isTrusted: true,
      hasCanary: false,
      chance: this.#chance.next(),
    };
    this.#state = settle(this.#state, made, this.#time.nowMs).state;
  }

  #deliver(batch: ModelBatch): void {
    const { nowMs } = this.#time;
    this.#lastAnswerMs = nowMs;
    this.#delivered += batch.assets;
    for (const atMs of batch.liveMs) this.#liveMs.push(nowMs - atMs);
    this.#idleSteps = 0;
    this.#onStep(this.#state, this.#waiting(), nowMs);
    this.#lookAt(nowMs);
  }
}
