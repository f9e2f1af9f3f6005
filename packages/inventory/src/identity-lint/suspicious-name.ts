/** Four numbers with the same separator, not inside a longer row. */
const NUMBERS =
  /(?<!\d|(?<![a-z\d])\d+[-._])(\d{1,3})([-._])(\d{1,3})\2(\d{1,3})\2(\d{1,3})(?!\d|\2\d)/i;

/** What a system is called before anybody names it. */
const DEFAULT_NAMES = new Set([
  "admin-pc",
  "android",
  "computer",
  "debian",
  "default",
  "fedora",
  "host",
  "hostname",
  "ip6-localhost",
  "iphone",
  "kali",
  "linux",
  "localhost",
  "localhost4",
  "localhost6",
  "localhost-live",
  "macbook-air",
  "macbook-pro",
  "openwrt",
  "raspberrypi",
  "router",
  "server",
  "switch",
  "ubuntu",
  "unknown",
  "user-pc",
]);

/** Whether a host name has an IPv4 address in it, as names made by clouds and providers do. */
export function isNameOfAddress(hostname: string): boolean {
  const [, ...groups] = NUMBERS.exec(hostname) ?? [];
  const numbers = groups.filter((_, index) => index !== 1).map(Number);
  return numbers.length === 4 && numbers.every((number) => number <= 255);
}

/** Whether a host name is one that systems begin with. */
export function isDefaultName(hostname: string): boolean {
  const [label = ""] = hostname.toLowerCase().split(".");
  return DEFAULT_NAMES.has(label);
}
