/** The known name that a misspelt one comes closest to, or null where none is near. Capitals, `-` and `_` count for nothing. */
export function closest(name: string, known: readonly string[]): string | null {
  let best: { candidate: string; distance: number } | null = null;
  for (const candidate of known) {
    const distance = editsBetween(bare(name), bare(candidate));
    if (best === null || distance < best.distance) best = { candidate, distance };
  }
  const isNear = best !== null && best.distance <= Math.max(1, Math.floor(name.length / 3));
  return isNear ? (best?.candidate ?? null) : null;
}

const CHARS_MAX = 64;

function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, "").slice(0, CHARS_MAX);
}

/** Letters to insert, delete or replace to make one of the other. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 0; i < one.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < other.length; j += 1) {
      const replaced = (row[j] ?? 0) + (one[i] === other[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
