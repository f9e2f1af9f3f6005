import type { DatabaseSync } from "node:sqlite";
import type { ImportedAsset } from "../asset-schema.ts";
import type { KnownConnector } from "../connectors/connector.ts";
import type { Connectors } from "../connectors/connectors.ts";
import { identify } from "../identification/identify.ts";
import {
  appended,
  decided,
  recognised,
  type Import,
  type LogEntry,
} from "../identification/log.ts";
import { rulesTried, type RequiredMeaning } from "../identification/rules.ts";
import { ValueIndex } from "../identification/value-index.ts";
import { transaction } from "../store/database.ts";
import { Assets } from "./assets.ts";
import { Dropped } from "./dropped.ts";
import { keepAbsent, type AbsentPolicy, type RecordContent } from "./keep-absent.ts";
import { summariseParts, type Part } from "./merge.ts";
import { contentOf, Records, type PartRow, type RecordRow } from "./records.ts";
import { summarise } from "./summary.ts";

/** What is imported in one go: the assets of an accepted call. */
export interface Delivery {
  readonly connector: KnownConnector;
  readonly requestId: string | null;
  /** `connectorMetaData.source`. */
  readonly source: string | null;
  /** The assets as parsed, and each again as the compact JSON of exactly what was sent. */
  readonly assets: readonly { readonly asset: ImportedAsset; readonly received: string }[];
}

/** Where the platform's documentation is silent. */
export interface ImportPolicy extends AbsentPolicy {
  readonly requiredMeans: RequiredMeaning;
}

/** What an import was, for each of its assets. */
interface Arrival extends Import {
  readonly delivery: Delivery;
  readonly policy: ImportPolicy;
}

const assetsMaxDefault = 5_000_000;

/**
 * The unified inventory of the account.
 *
 * A later push of the same connector and key replaces the record as a whole, but for what the policy keeps. The same push
 * again changes nothing, whatever its `requestId`: what the platform does with a repeated one is unknown, and remembering
 * them would hide a client that repeats an older version after a newer one.
 */
export class Inventory {
  readonly records: Records;
  readonly assets: Assets;
  readonly dropped: Dropped;
  readonly #database: DatabaseSync;
  readonly #connectors: Connectors;
  readonly #index: ValueIndex;
  readonly #assetsMax: number;
  /** The ids given last. */
  #recordId: number;
  #assetId: number;

  constructor(database: DatabaseSync, connectors: Connectors, assetsMax = assetsMaxDefault) {
    this.#database = database;
    this.#connectors = connectors;
    this.#assetsMax = assetsMax;
    this.records = new Records(database);
    this.assets = new Assets(database);
    this.dropped = new Dropped(database);
    this.#index = new ValueIndex(database);
    this.#recordId = this.records.lastId;
    this.#assetId = this.assets.lastId;
  }

  /** How many assets there are; no asset ever goes. */
  get assetCount(): number {
    return this.#assetId;
  }

  /** How many records they are made of. */
  get recordCount(): number {
    return this.#recordId;
  }

  /** Whether `count` more assets fit. */
  hasRoomFor(count: number): boolean {
    return this.#recordId + count <= this.#assetsMax;
  }

  /**
   * Indexes the attributes that the connectors' rules use. To be called when a rule or the meaning of Required has
   * changed; takes some ten seconds for a million assets.
   */
  indexForRules(meaning: RequiredMeaning): void {
    const names = this.#connectors.all.flatMap(({ identification }) =>
      rulesTried(identification, meaning).flatMap((rule) => rule.attributes),
    );
    transaction(this.#database, () => this.#index.cover(new Set(names)));
  }

  /** Imports what a call delivered. All of it or, when this throws, nothing. */
  import(delivery: Delivery, nowMs: number, policy: ImportPolicy): void {
    const { requestId, connector } = delivery;
    const arrival = { delivery, atMs: nowMs, requestId, policy };
    const counts = { records: this.#recordId, dropped: this.dropped.count };
    try {
      transaction(this.#database, () => {
        for (const { asset, received } of delivery.assets) this.#put(arrival, asset, received);
      });
    } finally {
      // Nothing has been given where the transaction was undone.
      this.#recordId = this.records.lastId;
      this.#assetId = this.assets.lastId;
    }
    this.#connectors.noteAssets(connector, {
      records: this.#recordId - counts.records,
      dropped: this.dropped.count - counts.dropped,
    });
  }

  /** The parts that an asset is made of. */
  partsOf(assetId: number): Part[] {
    return this.records.ofAsset(assetId).map((record) => this.#partOf(record));
  }

  #put(arrival: Arrival, asset: ImportedAsset, received: string): void {
    const { connector, source } = arrival.delivery;
    const record = this.records.find(connector.id, asset.identityAttributes.sourceNativeKey);
    if (record === undefined) this.#create(arrival, asset, received);
    else if (record.received !== received || record.source !== source) {
      this.#replace(arrival, record, asset, received);
    }
  }

  #create(arrival: Arrival, asset: ImportedAsset, received: string): void {
    const { connector, source } = arrival.delivery;
    const nativeKey = asset.identityAttributes.sourceNativeKey;
    const decision = identify(asset, connector.identification, arrival.policy.requiredMeans, {
      matches: (wanted) => this.#index.matches(wanted),
      prefer: (assetIds) => this.assets.prefer(assetIds),
    });
    if (decision.outcome === "dropped") {
      this.dropped.add(connector.id, nativeKey, decided(arrival, decision, null));
      return;
    }
    const assetId = decision.outcome === "merged" ? decision.assetId : this.#nextAssetId();
    this.#recordId += 1;
    this.records.insert({
      id: this.#recordId,
      connector_id: connector.id,
      native_key: nativeKey,
      asset_id: assetId,
      source,
      created_ms: arrival.atMs,
      updated_ms: arrival.atMs,
      log: logOf(decided(arrival, decision, assetId)),
      received,
    });
    this.#index.add(asset, assetId, this.#recordId);
    if (decision.outcome === "created") {
      this.assets.insert(assetId, summarise(asset), arrival.atMs);
    } else {
      const content = { received: asset, kept: null };
      this.#refresh({ asset_id: assetId, id: this.#recordId }, content, arrival);
    }
  }

  #replace(arrival: Arrival, record: RecordRow, asset: ImportedAsset, received: string): void {
    const before = contentOf(record);
    const kept = keepAbsent(before, asset, arrival.policy);
    this.#index.remove(before.received, record.asset_id, record.id);
    this.#index.add(asset, record.asset_id, record.id);
    this.records.update({
      ...record,
      source: arrival.delivery.source,
      updated_ms: arrival.atMs,
      log: appended(record.log, recognised(arrival, record.asset_id)),
      kept: kept === null ? null : JSON.stringify(kept),
      received,
    });
    this.#refresh(record, { received: asset, kept }, arrival);
  }

  /** Sums an asset up anew, a record of which has got new content. */
  #refresh(
    record: Pick<RecordRow, "asset_id" | "id">,
    content: RecordContent,
    { delivery, atMs }: Arrival,
  ): void {
    const { uuid: connectorUuid, trust } = delivery.connector;
    const others = this.records.others(record).map((other) => this.#partOf(other));
    const parts = [...others, { ...content, connectorUuid, trust, updatedAtMs: atMs }];
    this.assets.update(record.asset_id, summariseParts(parts), parts.length, atMs);
  }

  #partOf(record: PartRow): Part {
    const { uuid: connectorUuid, trust } = this.#connectors.byId(record.connector_id);
    return { ...contentOf(record), connectorUuid, trust, updatedAtMs: record.updated_ms };
  }

  #nextAssetId(): number {
    this.#assetId += 1;
    return this.#assetId;
  }
}

function logOf(entry: LogEntry): string {
  return JSON.stringify([entry]);
}
