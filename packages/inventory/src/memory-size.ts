const SIZE = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/;

const MB_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ...["b", "bytes"].map((unit) => [unit, 1 / 1024 ** 2] as const),
  ...["k", "kb", "kib"].map((unit) => [unit, 1 / 1024] as const),
  ...["", "m", "mb", "mib"].map((unit) => [unit, 1] as const),
  ...["g", "gb", "gib"].map((unit) => [unit, 1024] as const),
  ...["t", "tb", "tib"].map((unit) => [unit, 1024 ** 2] as const),
]);

/**
 * A size of memory in whole MB (of 1024 KB), from `8192`, `8192 MB`, `8 GB`, `8GiB`. A bare number is
 * MB, as in `biosInfo.totalMemory` of Qualys's webhook page. `null` if the text is no size.
 */
export function memoryMb(text: string): number | null {
  const [, amount, unit] = SIZE.exec(text.trim().toLowerCase()) ?? [];
  const mbPerUnit = MB_PER_UNIT.get(unit ?? "");
  if (amount === undefined || mbPerUnit === undefined) return null;
  return Math.round(Number(amount) * mbPerUnit);
}
