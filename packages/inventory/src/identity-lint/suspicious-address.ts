const DOTTED = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.\d{1,3}$/;

/** The special-purpose ranges of IPv6 that no host is reached by from elsewhere (RFC 6890, RFC 4291), by their beginning. */
const IPV6_RANGES: readonly (readonly [RegExp, string])[] = [
  [/^::$/, "unspecified"],
  [/^::1$/, "loopback"],
  [/^fe[89ab][0-9a-f]:/, "link-local"],
  [/^ff[0-9a-f]{2}:/, "multicast"],
  [/^2001:0?db8:/, "documentation"],
];

/** The range that keeps an address from reaching one host; null where none does. Private addresses (RFC 1918) are none. */
export function unroutableRange(address: string): string | null {
  const [, ...parts] = DOTTED.exec(address) ?? [];
  if (parts.length > 0) return unroutableIpv4(parts.map(Number));
  const text = address.toLowerCase();
  return IPV6_RANGES.find(([range]) => range.test(text))?.[1] ?? null;
}

/** The ranges of RFC 6890, by the first three numbers of the address. */
function unroutableIpv4([first = 0, second = 0, third = 0]: readonly number[]): string | null {
  if (first === 0) return "unspecified";
  if (first === 127) return "loopback";
  if (first === 169 && second === 254) return "link-local";
  if (first === 198 && (second === 18 || second === 19)) return "benchmarking";
  if (["192.0.2", "198.51.100", "203.0.113"].includes(`${first}.${second}.${third}`)) {
    return "documentation";
  }
  if (first >= 224) return first < 240 ? "multicast" : "reserved";
  return null;
}
