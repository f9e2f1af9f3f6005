import type { Account } from "./account.ts";
import { unpackLines } from "./packing.ts";

/** Enough for a few connectors whose batches are filled in turn; a larger segment is unpacked each time. */
const BYTES_MAX = 4 * 1024 * 1024;

interface Recent {
  /** Its run, and when it was written: after a flush its number stands for something else. */
  identity: string;
  assets: readonly Buffer[];
  bytes: number;
}

/** The assets of segments, of which the last ones are kept: a segment has those of several batches. */
export class RecentSegments {
  readonly #account: Account;
  readonly #recent = new Map<number, Recent>();
  #bytes = 0;

  constructor(account: Account) {
    this.#account = account;
  }

  /** The assets of a segment, as they are sent; null when there is none of that number. */
  async load(segment: number): Promise<readonly Buffer[] | null> {
    const { client } = this.#account;
    const key = this.#account.key(`seg:${segment}`);
    const known = this.#recent.get(segment);
    const [run, at, body] = await client.hmgetBuffer(key, "r", "at", ...(known ? [] : ["b"]));
    if (!run || !at) return null;
    const identity = `${run.toString()} ${at.toString()}`;
    if (known?.identity === identity) {
      this.#keep(segment, known);
      return known.assets;
    }
    const packed = body ?? (await client.hgetBuffer(key, "b"));
    if (packed === null) return null;
    const assets = unpackLines(packed);
    const bytes = assets.reduce((sum, asset) => sum + asset.length, 0);
    this.#keep(segment, { identity, assets, bytes });
    return assets;
  }

  /** As the newest; the oldest make room. */
  #keep(segment: number, recent: Recent): void {
    this.#drop(segment);
    if (recent.bytes > BYTES_MAX) return;
    this.#recent.set(segment, recent);
    this.#bytes += recent.bytes;
    for (const oldest of this.#recent.keys()) {
      if (this.#bytes <= BYTES_MAX) return;
      this.#drop(oldest);
    }
  }

  #drop(segment: number): void {
    this.#bytes -= this.#recent.get(segment)?.bytes ?? 0;
    this.#recent.delete(segment);
  }
}
