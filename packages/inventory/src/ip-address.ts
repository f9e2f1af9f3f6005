import { isIPv4, isIPv6, SocketAddress } from "node:net";

const MAPPED_PREFIX = "::ffff:";

/**
 * The one way to write this address: IPv4 in dotted form, IPv6 as RFC 5952 says, without its zone,
 * which means something on that host only. An IPv4-mapped address is the IPv4 address that it
 * denotes (RFC 4291, 2.5.5.2). `null` if the text is no address, or one that no host can be told
 * by: unspecified or loopback, which would make strangers one asset.
 */
export function canonicalIp(text: string): string | null {
  const ip = isIPv4(text) ? text : canonicalIpv6(text);
  return ip === null || identifiesNobody(ip) ? null : ip;
}

function canonicalIpv6(text: string): string | null {
  const address = text.replace(/%.*$/s, "");
  if (!isIPv6(address)) return null;
  const canonical = new SocketAddress({ address, family: "ipv6" }).address;
  return canonical.startsWith(MAPPED_PREFIX) && isIPv4(canonical.slice(MAPPED_PREFIX.length))
    ? canonical.slice(MAPPED_PREFIX.length)
    : canonical;
}

function identifiesNobody(ip: string): boolean {
  return ip === "0.0.0.0" || ip.startsWith("127.") || ip === "::" || ip === "::1";
}
