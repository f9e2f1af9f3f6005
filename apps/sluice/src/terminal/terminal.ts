/** Where a command writes: results on stdout, everything else on stderr. */
export interface Terminal {
  /** Whether one JSON object is wanted instead of text. */
  readonly isJson: boolean;
  /** Whether a person reads along, who wants sentences and no log lines. */
  readonly isWatched: boolean;
  /** The result: an object for scripts, or its lines for people. */
  result(object: unknown, lines: readonly string[]): void;
  /** Something to know on the way. */
  note(line: string): void;
  /** One line that replaces itself; only on a terminal. */
  progress(line: string): void;
  /** Ends the progress line. */
  clear(): void;
}

export function createTerminal(isJson: boolean): Terminal {
  const isWatched = process.stderr.isTTY;
  const hasProgress = isWatched && !isJson;
  let isShown = false;
  function clear(): void {
    if (isShown) process.stderr.write("\r\u001B[K");
    isShown = false;
  }
  return {
    isJson,
    isWatched,
    result(object, lines) {
      clear();
      process.stdout.write(
        isJson ? `${JSON.stringify(object)}\n` : lines.map((line) => `${line}\n`).join(""),
      );
    },
    note(line) {
      clear();
      process.stderr.write(`${line}\n`);
    },
    progress(line) {
      if (!hasProgress) return;
      process.stderr.write(`\r\u001B[K${line.slice(0, (process.stderr.columns || 80) - 1)}`);
      isShown = true;
    },
    clear,
  };
}

/** 1234567 -> "1,234,567". */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

/** 1 -> "1 call", 3 -> "3 calls". */
export function counted(count: number, noun: string): string {
  const plural = noun.endsWith("ch") ? `${noun}es` : `${noun}s`;
  return `${grouped(count)} ${count === 1 ? noun : plural}`;
}

/** "640 bytes", "12.3 MB". */
export function bytesText(bytes: number): string {
  if (bytes < 1_000) return counted(Math.round(bytes), "byte");
  const power = Math.min(3, Math.floor(Math.log10(bytes) / 3));
  const unit = ["bytes", "kB", "MB", "GB"][power] ?? "";
  return `${Number((bytes / 1_000 ** power).toFixed(1))} ${unit}`;
}

/** How long, for people: "4 s", "12 min", "3.5 h". */
export function spanText(spanMs: number): string {
  if (spanMs < 1_000) return `${Math.round(spanMs)} ms`;
  if (spanMs < 120_000) return `${Math.round(spanMs / 1_000)} s`;
  if (spanMs < 7_200_000) return `${Math.round(spanMs / 60_000)} min`;
  return `${(spanMs / 3_600_000).toFixed(1)} h`;
}

/** The time of day of an instant, as the user's clock shows it. */
export function clockText(atMs: number): string {
  return new Date(atMs).toTimeString().slice(0, 8);
}

/** The time of day, with the date unless it is within the next day. */
export function instantText(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const date = atMs - nowMs < 86_400_000 ? "" : `${at.toLocaleDateString("sv-SE")} `;
  return `${date}${clockText(atMs)}`;
}
