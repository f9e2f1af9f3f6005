const NOTATIONS = new RegExp(
  [
    "^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\\1){4}[0-9a-f]{2}$", // 00:50:56:81:01:e3, 00-50-56-81-01-e3
    "^[0-9a-f]{4}([.:-])[0-9a-f]{4}\\2[0-9a-f]{4}$", // 0050.5681.01e3
    "^[0-9a-f]{6}[:-][0-9a-f]{6}$", // 005056-8101e3
    "^[0-9a-f]{12}$", // 0050568101E3
  ].join("|"),
  "i",
);

/**
 * The address as upper-case pairs joined by colons, from any usual notation of 48 bits. `null` if
 * the text is none, or the empty or the broadcast address, which no interface has.
 */
export function canonicalMac(text: string): string | null {
  if (!NOTATIONS.test(text)) return null;
  const digits = text.replace(/[.:-]/g, "").toUpperCase();
  if (/^(?:0+|F+)$/.test(digits)) return null;
  return digits.replace(/..(?!$)/g, "$&:");
}
