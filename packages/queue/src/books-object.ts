import { booksOf, type Books, type Run } from "./runs.ts";

/** A run's books as scripts see them: what `push` and `runs ID` print, and the intake answers. */
export interface BooksObject extends Books {
  run: string;
  elapsedMs: number;
}

export function booksObject(run: Run, nowMs: number): BooksObject {
  const elapsedMs = Math.max(0, (run.doneAtMs ?? nowMs) - run.openedAtMs);
  return { run: run.id, ...booksOf(run), elapsedMs };
}
