/** Prefixes from which virtual interfaces get their addresses, upper case without separators. */
const VIRTUAL_PREFIXES: ReadonlyMap<string, string> = new Map([
  ["000569", "VMware"],
  ["000C29", "VMware"],
  ["001C14", "VMware"],
  ["005056", "VMware"],
  ["00155D", "Hyper-V"],
  ["001C42", "Parallels"],
  ["00163E", "Xen"],
  ["080027", "VirtualBox"],
  ["0A0027", "VirtualBox"],
  ["525400", "QEMU or KVM"],
]);
/** Docker derives the rest from the container's address, so each host has the same few. */
const DOCKER_PREFIX = "0242";

const MULTICAST_BIT = 0x01;
const LOCAL_BIT = 0x02;

export type MacTrouble = { code: "null-mac" | "virtual-mac" | "random-mac"; what: string };

/** What keeps a MAC address, in any notation, from telling one machine for good; null where nothing does. */
export function macTrouble(mac: string): MacTrouble | null {
  const digits = mac.replaceAll(/[^0-9a-f]/gi, "").toUpperCase();
  if (/^0*$/.test(digits)) return { code: "null-mac", what: "all zeros" };
  if (/^F+$/.test(digits)) return { code: "null-mac", what: "the broadcast address" };
  const maker = VIRTUAL_PREFIXES.get(digits.slice(0, 6));
  if (maker !== undefined) return { code: "virtual-mac", what: maker };
  if (digits.startsWith(DOCKER_PREFIX)) return { code: "virtual-mac", what: "Docker" };
  const first = Number.parseInt(digits.slice(0, 2), 16);
  if ((first & MULTICAST_BIT) !== 0) return { code: "null-mac", what: "a group's address" };
  if ((first & LOCAL_BIT) !== 0) return { code: "random-mac", what: "locally administered" };
  return null;
}
