const numbers = new Intl.NumberFormat("en-US");
const times = new Intl.DateTimeFormat("sv-SE", { timeStyle: "medium" });
const instants = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" });

/** 1234567 -> "1,234,567". */
export function grouped(count: number): string {
  return numbers.format(count);
}

/** 1 -> "1 call", 3 -> "3 calls". */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** 0 -> "0 B", 1536 -> "1.5 KB". */
export function sized(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** How long: "40 ms", "4.2 s", "12 min", "3.5 h". */
export function lasting(spanMs: number): string {
  if (spanMs < 1_000) return `${Math.round(spanMs)} ms`;
  if (spanMs < 10_000) return `${(spanMs / 1_000).toFixed(1)} s`;
  if (spanMs < 120_000) return `${Math.round(spanMs / 1_000)} s`;
  if (spanMs < 7_200_000) return `${Math.round(spanMs / 60_000)} min`;
  return `${(spanMs / 3_600_000).toFixed(1)} h`;
}

/** The time of day of an instant in epoch ms. */
export function clock(atMs: number): string {
  return times.format(atMs);
}

/** Date and time of an instant in epoch ms. */
export function instant(atMs: number): string {
  return instants.format(atMs);
}
