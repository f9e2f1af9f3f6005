import type { Run } from "@sluice/queue";
import { counted, grouped, spanText } from "./terminal.ts";

/** The object that `push` and `runs ID` print. */
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

/** The same for people. */
export function booksLines(run: Run, nowMs: number): string[] {
  const books = booksObject(run, nowMs);
  const warnings = Object.entries(run.warnings).map(([code, count]) => `${grouped(count)} ${code}`);
  return [
    `run ${run.id}: ${run.state}, ${spanText(books.elapsedMs)}${run.note ? ` (${run.note})` : ""}`,
    `  ${grouped(run.read)} read = ${grouped(run.delivered)} delivered + ${grouped(run.unchanged)} unchanged + ` +
      `${grouped(run.coalesced)} coalesced + ${grouped(run.dead)} dead + ${grouped(run.pending)} pending`,
    `  ${counted(run.calls, "call")} for ${counted(run.batches, "batch")}, ${grouped(run.limited)} limited, ${grouped(run.ambiguous)} ambiguous`,
    ...(warnings.length > 0 ? [`  warnings: ${warnings.join(", ")}`] : []),
  ];
}
