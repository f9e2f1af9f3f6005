import { Buffer } from "node:buffer";
import {
  IdentityLint,
  Tally,
  type ChunkContent,
  type ChunkRecord,
  type Asset,
  type Example,
  type LintFinding,
  type Place,
  type SettledAsset,
  type Transformed,
} from "@sluice/inventory";
import { AssetOutcomes, isSent, type Fate, type OutcomeCounts } from "./asset-outcomes.ts";
import type { CallBounds } from "./call-packing.ts";

/** How an asset stands with what was sent before. */
export interface Standing {
  fate: Fate;
  /** Where an older version of it is now, if it is on its way. */
  onItsWay: "waiting" | "in-flight" | null;
}

export interface PlanOptions extends CallBounds {
  /** What a connector makes of the JSON text of one record. */
  transform: (text: string) => Transformed | Promise<Transformed>;
  /** How assets stand, in their order, at most 1,000 at once; null where nothing is known of what was sent. */
  compare: ((assets: readonly ComparedAsset[]) => Promise<readonly Standing[]>) | null;
}

type ComparedAsset = Pick<SettledAsset, "id" | "fingerprint">;

/** Dead letters of one reason, that would follow. */
export interface DeadGroup {
  reason: string;
  records: number;
  /** The first of them. */
  examples: readonly (Place & { path: string; message: string })[];
}

/** What would happen. `read` = new + changed + unchanged + coalesced + dead. */
export interface PlanReport extends OutcomeCounts {
  read: number;
  /** Of the assets to send, those of which an older version is on its way. */
  waiting: number;
  inFlight: number;
  deadLetters: readonly DeadGroup[];
  /** What of the records would not be sent, by the code of the warning. */
  warnings: readonly { code: string; records: number; examples: readonly Example[] }[];
  /** Keys that come several times. */
  duplicates: readonly Example[];
  findings: readonly LintFinding[];
  /** The first asset, as it would be sent. */
  first: Asset | null;
}

type TransformedAsset = Transformed & { kind: "asset" };
interface PlannedAsset extends ComparedAsset {
  key: string;
  bytes: number;
  place: Place;
}

const COMPARED_MAX = 1_000;
const EXAMPLES_MAX = 5;
/** Same-looking records as those of a connector have few reasons; one made up by a mapping is no way to fill the memory. */
const REASONS_MAX = 100;
const NEW: Standing = { fate: "new", onItsWay: null };
const REFUSED_BEFORE = "Qualys refused exactly this before; sluice dead list shows why";

/** Finds out what would become of records, in the order in which they are added, without sending or storing any. */
export class Plan {
  readonly #options: PlanOptions;
  readonly #outcomes: AssetOutcomes;
  readonly #lint = new IdentityLint();
  readonly #dead = new Map<
    string,
    { records: number; examples: DeadGroup["examples"][number][] }
  >();
  readonly #warnings = new Map<string, Tally>();
  readonly #duplicates = new Tally();
  readonly #onTheirWay = { waiting: 0, "in-flight": 0 };
  #read = 0;
  #unmapped = 0;
  #first: Asset | null = null;
  #planned: PlannedAsset[] = [];

  constructor(options: PlanOptions) {
    this.#options = options;
    this.#outcomes = new AssetOutcomes(options);
  }

  /** Adds records of one source. */
  async add({ source, records }: ChunkContent): Promise<void> {
    for (const record of records) {
      const place = { source, line: record.line };
      const outcome = this.#transform(record);
      // Most transforms answer at once, and each wait costs more than they do.
      const transformed = outcome instanceof Promise ? await outcome : outcome;
      this.#read += 1;
      if (transformed.kind === "asset") this.#take(transformed, place);
      else this.#bury(transformed, place);
      if (this.#planned.length === COMPARED_MAX) await this.#decide();
    }
  }

  async report(): Promise<PlanReport> {
    await this.#decide();
    const { dead, ...counts } = this.#outcomes.counts();
    return {
      read: this.#read,
      ...counts,
      dead: this.#unmapped + dead,
      waiting: this.#onTheirWay.waiting,
      inFlight: this.#onTheirWay["in-flight"],
      deadLetters: [...this.#dead].map(([reason, group]) => ({ reason, ...group })),
      warnings: [...this.#warnings].map(([code, tally]) => ({
        code,
        records: tally.records,
        examples: tally.examples(),
      })),
      duplicates: this.#duplicates.examples(),
      findings: this.#lint.findings(),
      first: this.#first,
    };
  }

  #transform({ text, problem }: ChunkRecord): Transformed | Promise<Transformed> {
    if (problem === undefined) return this.#options.transform(text);
    return { kind: "dead", key: null, id: null, reason: "malformed", path: "", message: problem };
  }

  #take(transformed: TransformedAsset, place: Place): void {
    const { key, id, fingerprint, asset, body, warnings } = transformed;
    this.#first ??= asset;
    this.#lint.look(transformed, place);
    for (const { code, message } of warnings) {
      // The lint tells of those that are known by their key only.
      if (code === "key-only") continue;
      const tally = this.#warnings.get(code) ?? new Tally();
      this.#warnings.set(code, tally);
      tally.add(message, place);
    }
    this.#planned.push({ key, id, fingerprint, bytes: Buffer.byteLength(body), place });
  }

  #bury({ reason, path, message }: Transformed & { kind: "dead" }, place: Place): void {
    this.#unmapped += 1;
    this.#group(reason, { ...place, path, message });
  }

  #group(reason: string, example: DeadGroup["examples"][number]): void {
    const group = this.#dead.get(reason) ?? { records: 0, examples: [] };
    group.records += 1;
    if (group.examples.length < EXAMPLES_MAX) group.examples.push(example);
    if (this.#dead.size < REASONS_MAX) this.#dead.set(reason, group);
  }

  /** Compares what was collected, all at once. */
  async #decide(): Promise<void> {
    const planned = this.#planned;
    this.#planned = [];
    if (planned.length === 0) return;
    const standings = await this.#options.compare?.(planned);
    for (const [index, { key, id, bytes, place }] of planned.entries()) {
      const { fate, onItsWay } = standings?.[index] ?? NEW;
      const before = this.#outcomes.add(id, fate, bytes);
      if (before !== undefined) this.#duplicates.add(key, place);
      else if (onItsWay !== null && isSent(fate)) this.#onTheirWay[onItsWay] += 1;
      if (fate === "dead" && before !== "dead") {
        this.#group("refused", { ...place, path: "", message: REFUSED_BEFORE });
      }
    }
  }
}
