import type { ImportedAsset } from "./asset-schema.ts";
import type { ImportRequest } from "./import-request.ts";

/** An asset of the inventory, known by its connector and source native key. */
export interface SandboxAsset {
  /** Counts from 1 in the order of creation, and never changes. */
  readonly id: number;
  readonly connectorUuid: string;
  readonly sourceNativeKey: string;
  /** `connectorMetaData.source` of the last call that brought it. */
  readonly source: string | null;
  /** The asset as it was last sent, as compact JSON: every field, in its order. */
  readonly received: string;
  readonly name: string | null;
  readonly address: string | null;
  readonly operatingSystem: string | null;
  /** Epoch ms. */
  readonly createdAtMs: number;
  /** Epoch ms of the last call that changed it. */
  readonly updatedAtMs: number;
}

const assetsMaxDefault = 5_000_000;

/**
 * The assets of the account, in memory.
 *
 * A later import of the same connector and key replaces the asset as a whole. The same import again changes nothing,
 * whatever its `requestId`: what the platform does with a repeated one is unknown, and remembering them would hide
 * a client that repeats an older version after a newer one.
 */
export class Inventory {
  readonly #assetsMax: number;
  readonly #byKey = new Map<string, SandboxAsset>();
  /** The asset with id n is at n - 1. */
  readonly #byId: SandboxAsset[] = [];

  constructor(assetsMax = assetsMaxDefault) {
    this.#assetsMax = assetsMax;
  }

  /** By `connectorUuid/sourceNativeKey`: a live view. */
  get assets(): ReadonlyMap<string, SandboxAsset> {
    return this.#byKey;
  }

  asset(connectorUuid: string, sourceNativeKey: string): SandboxAsset | undefined {
    return this.#byKey.get(toKey(connectorUuid, sourceNativeKey));
  }

  assetById(id: number): SandboxAsset | undefined {
    return this.#byId[id - 1];
  }

  /** The assets with an id above `id`, by id. */
  *assetsAfter(id: number): Generator<SandboxAsset> {
    for (let index = id; index < this.#byId.length; index += 1) {
      const asset = this.#byId[index];
      if (asset !== undefined) yield asset;
    }
  }

  /** Whether `count` more assets fit. */
  hasRoomFor(count: number): boolean {
    return this.#byId.length + count <= this.#assetsMax;
  }

  /** Merges the assets of a call, but for the keys that `isRefused`. */
  merge(request: ImportRequest, nowMs: number, isRefused: (key: string) => boolean): void {
    for (const { asset, received } of request.assets) {
      if (isRefused(asset.identityAttributes.sourceNativeKey)) continue;
      this.#put(request, asset, received, nowMs);
    }
  }

  #put(request: ImportRequest, asset: ImportedAsset, received: string, nowMs: number): void {
    const { connectorUuid, source } = request;
    const { sourceNativeKey } = asset.identityAttributes;
    const key = toKey(connectorUuid, sourceNativeKey);
    const known = this.#byKey.get(key);
    if (known?.received === received && known.source === source) return;
    const stored: SandboxAsset = {
      id: known?.id ?? this.#byId.length + 1,
      connectorUuid,
      sourceNativeKey,
      source,
      received,
      ...summarise(asset),
      createdAtMs: known?.createdAtMs ?? nowMs,
      updatedAtMs: nowMs,
    };
    this.#byKey.set(key, stored);
    this.#byId[stored.id - 1] = stored;
  }
}

/** The attributes that a search can ask for, kept beside the JSON so that it need not be parsed. */
function summarise({ identityAttributes: identity, coreAttributes: core }: ImportedAsset) {
  return {
    name: identity.hostName ?? core?.hostName ?? identity.netBiosName ?? core?.netBiosName ?? null,
    address: core?.address ?? identity.ipAddress?.[0] ?? null,
    operatingSystem: core?.operatingSystem ?? null,
  };
}

function toKey(connectorUuid: string, sourceNativeKey: string): string {
  return `${connectorUuid}/${sourceNativeKey}`;
}
