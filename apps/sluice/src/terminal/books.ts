import { booksObject, type Run } from "@sluice/queue";
import { counted, grouped, spanText } from "./terminal.ts";

/** The books of a run for people. */
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
