import { readFile } from "node:fs/promises";
import { ConfigError, pause } from "@sluice/service";

/** What files say, by their paths; null for one that can't be read. */
type Contents = ReadonlyMap<string, string | null>;

export interface FollowOptions<Settings> {
  /** Reads what the files say now. Throws what is wrong with them. */
  read: () => Settings;
  /** The files that settings come from now, also while something is wrong with them. */
  files: () => readonly string[];
  /** Puts settings into force. Throws a `ConfigError`, and has changed nothing, or what keeps it from that now: then it is tried again. */
  apply: (settings: Settings) => Promise<void>;
  onRefused: (error: unknown) => void;
  hangups: Hangups;
  signal: AbortSignal;
  /** How often the files are looked at. Default 500. */
  lookMs?: number;
}

/** Looks until what could not be put into force is tried again. */
const RETRY_LOOKS = 10;

/**
 * Applies what the files say whenever they say something else, until the signal: however they were replaced, for their contents are
 * compared. One counts once two looks in a row have found it, so that none is taken half-written. SIGHUP reads at once, and also
 * what is not looked at, such as the files of secrets.
 *
 * @param contents what the files said before the settings in force were read
 */
export async function followSettings<Settings>(
  contents: Contents,
  options: FollowOptions<Settings>,
): Promise<void> {
  const { hangups, signal, lookMs = 500 } = options;
  let inForce = contents;
  let seen = contents;
  let looksToRetry: number | null = null;
  while (!signal.aborted) {
    await pause(lookMs, AbortSignal.any([signal, hangups.next]));
    if (signal.aborted) return;
    const found = await contentsOf([...inForce.keys()]);
    const isSettled = isSame(found, seen) && !isSame(found, inForce);
    seen = found;
    if (looksToRetry !== null) looksToRetry -= 1;
    if (!isSettled && !hangups.take() && looksToRetry !== 0) continue;
    looksToRetry = null;
    try {
      const files = await contentsOf(options.files());
      // What was found before counts: of anything that has changed since then, the next look will tell.
      inForce = new Map([...files, ...found].filter(([path]) => files.has(path)));
      seen = inForce;
      await options.apply(options.read());
    } catch (error) {
      if (!(error instanceof ConfigError)) looksToRetry = RETRY_LOOKS;
      options.onRefused(error);
    }
  }
}

/** What the files say. */
export async function contentsOf(files: readonly string[]): Promise<Contents> {
  const contents = new Map<string, string | null>();
  for (const path of files) {
    contents.set(path, await readFile(path, "utf8").catch(() => null));
  }
  return contents;
}

function isSame(one: Contents, other: Contents): boolean {
  return one.size === other.size && one.entries().every(([path, text]) => other.get(path) === text);
}

/** The SIGHUPs of this process, which end it no more from here on. */
export class Hangups implements Disposable {
  #waiting = new AbortController();
  readonly #onHangup = () => this.#waiting.abort();

  constructor() {
    process.on("SIGHUP", this.#onHangup);
  }

  /** Aborted by the next one, or by one that nobody has taken yet. */
  get next(): AbortSignal {
    return this.#waiting.signal;
  }

  /** Whether there was one since the last time. */
  take(): boolean {
    const { aborted } = this.#waiting.signal;
    if (aborted) this.#waiting = new AbortController();
    return aborted;
  }

  [Symbol.dispose](): void {
    process.off("SIGHUP", this.#onHangup);
  }
}
