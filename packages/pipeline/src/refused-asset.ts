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

const EVENT_MESSAGE_CHARS_MAX = 1_000;

/** An event is a line to read; the letter has the whole. */
export function inShort(message: string): string {
  return message.slice(0, EVENT_MESSAGE_CHARS_MAX);
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
