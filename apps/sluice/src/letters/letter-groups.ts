import type { DeadLetter } from "@sluice/queue";

/** Letters that say the same of different records. */
export interface LetterGroup {
  reason: string;
  /** What their messages have in common. */
  message: string;
  letters: number;
  /** The newest of them. */
  newest: { id: string; key: string | null; source: string; line: number; atMs: number };
}

const GROUPS_MAX = 1_000;
const SHAPE_CHARS_MAX = 300;

/** What a message has in common with those about other records: names and numbers left out. */
export function shapeOf(message: string): string {
  return message
    .slice(0, SHAPE_CHARS_MAX)
    .replaceAll(/"[^"]*("|$)/g, '"…"')
    .replaceAll(/\d+/g, "#");
}

/** Groups letters as they come, in bounded memory: beyond a thousand shapes only the reason tells them apart. */
export class LetterGroups {
  readonly #groups = new Map<string, LetterGroup>();

  add({ reason, message, id, key, source, line, atMs }: DeadLetter): void {
    const isFull = this.#groups.size >= GROUPS_MAX;
    const exact = shapeOf(message);
    const shape = isFull && !this.#groups.has(`${reason}\n${exact}`) ? "…" : exact;
    const name = `${reason}\n${shape}`;
    const newest = { id, key, source, line, atMs };
    const group = this.#groups.get(name);
    if (group === undefined) {
      this.#groups.set(name, { reason, message: shape, letters: 1, newest });
      return;
    }
    group.letters += 1;
    if (atMs > group.newest.atMs) group.newest = newest;
  }

  /** The group with the newest letter first. */
  list(): LetterGroup[] {
    return [...this.#groups.values()].sort((a, b) => b.newest.atMs - a.newest.atMs);
  }
}
