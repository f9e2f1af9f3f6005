import type { Run } from "./runs.ts";

/** A run's books as scripts see them: what `push` and `runs ID` print, and the intake answers. */
export interface BooksObject {
  run: string;
  read: number;
  delivered: number;
  unchanged: number;
  coalesced: number;
  dead: number;
  pending: number;
  batches: number;
  calls: number;
  limited: number;
  ambiguous: number;
  elapsedMs: number;
}

export function booksObject(run: Run, nowMs: number): BooksObject {
  const {
    id,
    read,
    delivered,
    unchanged,
    coalesced,
    dead,
    pending,
    batches,
    calls,
    limited,
    ambiguous,
  } = run;
  const elapsedMs = Math.max(0, (run.doneAtMs ?? nowMs) - run.openedAtMs);
  return {
    run: id,
    read,
    delivered,
    unchanged,
    coalesced,
    dead,
    pending,
    batches,
    calls,
    limited,
    ambiguous,
    elapsedMs,
  };
}
