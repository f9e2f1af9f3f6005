const NAME_CHARS_MAX = 253;
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const NAME = new RegExp(`^(?:${LABEL}\\.)+(?!\\d+$)${LABEL}$`, "i");

/**
 * The fully qualified name without the dot of the root (RFC 1035, 2.3.1; RFC 3696, 2: the last label
 * is not a number, so that an address is no name). `null` if the text is none.
 */
export function fullyQualified(text: string): string | null {
  const name = text.replace(/\.$/, "");
  return name.length <= NAME_CHARS_MAX && NAME.test(name) ? name : null;
}
