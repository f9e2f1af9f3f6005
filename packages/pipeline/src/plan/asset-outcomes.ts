import { CompactTable } from "@sluice/inventory";
import type { Buffer } from "node:buffer";
import { CallPacking, type CallBounds } from "./call-packing.ts";

/** What would become of an asset: sent because it is new or changed, or not sent. */
export type Fate = "new" | "changed" | "unchanged" | "dead";

/** How many assets have which fate, and what sending them takes. */
export interface OutcomeCounts extends Readonly<Record<Fate, number>> {
  /** Records that a later one of the same key replaces. */
  coalesced: number;
  /** Bytes of the assets to send. */
  bytes: number;
  calls: number;
  /** False: there were too many assets to remember all of them, so some of `coalesced` may count as new. */
  isExact: boolean;
}

/** Assets that are remembered, in 200 MB at the most, and 300 for the moment in which the table grows to that. */
const ASSETS_MAX = 12_500_000;
const FATES: readonly Fate[] = ["new", "changed", "unchanged", "dead"];
/** A remembered number is that of the fate, from 1, and the bytes times this. */
const FATE_BASE = 8;

/** Counts assets by what would become of them; of one that comes several times, the last time counts. */
export class AssetOutcomes {
  readonly #known = new CompactTable(1, ASSETS_MAX);
  readonly #packing: CallPacking;
  readonly #counts: Record<Fate, number> = { new: 0, changed: 0, unchanged: 0, dead: 0 };
  #coalesced = 0;
  #bytes = 0;

  constructor(bounds: CallBounds) {
    this.#packing = new CallPacking(bounds);
  }

  /** Returns its fate when it came last, if it came before. */
  add(id: Buffer, fate: Fate, bytes: number): Fate | undefined {
    const entry = this.#known.entryOf(id.readUInt32BE(0), id.readUInt32BE(4));
    const remembered = entry < 0 ? 0 : this.#known.get(entry, 0);
    const before = fateOf(remembered);
    if (before !== undefined) this.#takeBack(before, Math.floor(remembered / FATE_BASE));
    if (entry >= 0) this.#known.set(entry, 0, bytes * FATE_BASE + FATES.indexOf(fate) + 1);
    this.#counts[fate] += 1;
    if (isSent(fate)) {
      this.#bytes += bytes;
      // One that comes again takes the place of the first.
      if (!isSent(before)) this.#packing.add(bytes);
    }
    return before;
  }

  counts(): OutcomeCounts {
    return {
      ...this.#counts,
      coalesced: this.#coalesced,
      bytes: this.#bytes,
      calls: this.#bytes === 0 ? 0 : this.#packing.calls,
      isExact: !this.#known.isFull,
    };
  }

  #takeBack(fate: Fate, bytes: number): void {
    this.#coalesced += 1;
    this.#counts[fate] -= 1;
    if (isSent(fate)) this.#bytes -= bytes;
  }
}

function fateOf(remembered: number): Fate | undefined {
  return FATES[(remembered % FATE_BASE) - 1];
}

/** Whether an asset of that fate takes part in a call. */
export function isSent(fate: Fate | undefined): boolean {
  return fate === "new" || fate === "changed";
}
