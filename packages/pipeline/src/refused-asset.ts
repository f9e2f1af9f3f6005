import type { LetterContent } from "@sluice/inventory";

/** The parts of an asset by which an answer may name it. */
interface NamedAsset {
  identityAttributes?: {
    sourceNativeKey?: string;
    netBiosName?: string | null;
    hostName?: string;
    fqdn?: string | null;
    ipAddress?: string[];
  };
}

/** What an answer may call this asset. */
export function identityOf(body: Buffer): { sourceNativeKey: string; names: string[] } {
  const { identityAttributes: identity = {} } = JSON.parse(body.toString()) as NamedAsset;
  const names = [
    identity.netBiosName,
    identity.hostName,
    identity.fqdn,
    ...(identity.ipAddress ?? []),
  ];
  return {
    sourceNativeKey: identity.sourceNativeKey ?? "",
    names: [...new Set(names.filter((name) => typeof name === "string"))],
  };
}

/** The letter about an asset that Qualys did not take. The record itself is gone by now; the asset is what was sent. */
export function letterAbout(
  body: Buffer,
  reason: "refused" | "too-large",
  message: string,
  batch: { number: number; requestId: string },
): LetterContent {
  const key = identityOf(body).sourceNativeKey;
  const source = `batch ${batch.number}, request ${batch.requestId}`;
  return { key, reason, path: "", message, source, line: 0, raw: body.toString(), isAsset: true };
}
