import type { Report } from "./events.ts";

/** A format that was met, and the newest that this version knows. */
interface NewerFormat {
  format: number;
  known: number;
}

/** Tells of values that a newer version has written and that are left to it: once of each kind and format. */
export function createNewerReport(report: Report): (what: string, newer: NewerFormat) => void {
  const told = new Set<string>();
  return (what, { format, known }) => {
    const name = `${what} ${format}`;
    if (told.has(name)) return;
    told.add(name);
    report({ event: "format.left", what, format, known });
  };
}
