import type { ImportedAsset } from "../asset-schema.ts";

/** What lists show of an asset and filters ask for. */
export interface Summary {
  readonly name: string | null;
  readonly address: string | null;
  readonly operatingSystem: string | null;
  /** Of the worst open finding, 0 with none. */
  readonly severity: number;
}

type Reader = (asset: ImportedAsset) => string | null | undefined;

/** The attributes that may stand for one, the best first. */
const readers: Readonly<Record<"name" | "address" | "operatingSystem", readonly Reader[]>> = {
  name: [
    ({ identityAttributes }) => identityAttributes.hostName,
    ({ coreAttributes }) => coreAttributes?.hostName,
    ({ identityAttributes }) => identityAttributes.netBiosName,
    ({ coreAttributes }) => coreAttributes?.netBiosName,
    ({ identityAttributes }) => identityAttributes.fqdn,
  ],
  address: [
    ({ coreAttributes }) => coreAttributes?.address,
    ({ identityAttributes }) => identityAttributes.ipAddress?.[0],
  ],
  operatingSystem: [({ coreAttributes }) => coreAttributes?.operatingSystem],
};

/** Sums up what one source sent. */
export function summarise(asset: ImportedAsset): Summary {
  return summariseAll([asset], asset.findings ?? []);
}

/** Sums up what several sources sent of one asset, the strongest first, and its findings. */
export function summariseAll(
  assets: readonly ImportedAsset[],
  findings: readonly Readonly<Record<string, unknown>>[],
): Summary {
  return {
    name: firstValue(assets, readers.name),
    address: firstValue(assets, readers.address),
    operatingSystem: firstValue(assets, readers.operatingSystem),
    severity: worstSeverity(findings),
  };
}

function firstValue(assets: readonly ImportedAsset[], readers: readonly Reader[]): string | null {
  for (const read of readers) {
    for (const asset of assets) {
      const value = read(asset);
      if (value !== null && value !== undefined) return value;
    }
  }
  return null;
}

function worstSeverity(findings: readonly Readonly<Record<string, unknown>>[]): number {
  let worst = 0;
  for (const { severity, findingStatus } of findings) {
    if (typeof severity === "number" && findingStatus !== "FIXED") {
      worst = Math.max(worst, severity);
    }
  }
  return worst;
}
