import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";

/** A key that was made just now: it is stored nowhere. */
export interface NewApiKey {
  name: string;
  /** What the client sends. */
  key: string;
  /** What the file of keys gets. */
  line: string;
}

interface ApiKey {
  name: string;
  hash: Buffer;
}

const PREFIX = "slk_";
const KEY_BYTES = 32;
const KEYS_MAX = 1_000;
const RELOAD_MS = 1_000;
const NAME = /^[\w.-]{1,64}$/;
const LINE = /^(?<name>[\w.-]{1,64}):(?<hash>[\da-f]{64})$/i;

/** Makes a key of 256 random bits. Throws a `RangeError` for a name that the file could not hold. */
export function createApiKey(name: string): NewApiKey {
  if (!NAME.test(name)) {
    throw new RangeError(
      `Cannot name a key "${name}": use up to 64 letters, digits, dots, dashes and underscores`,
    );
  }
  const key = `${PREFIX}${randomBytes(KEY_BYTES).toString("base64url")}`;
  return { name, key, line: `${name}:${hashOf(key).toString("hex")}` };
}

/** Keys are random, so that a plain hash can't be guessed back. */
function hashOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

/**
 * The keys of a file, `name:hash` a line; `#` begins a comment. A changed file counts within two seconds; one that
 * can't be read or understood is reported, once, and changes nothing.
 */
export class ApiKeys implements Disposable {
  readonly #path: string;
  #text: string;
  #keys: readonly ApiKey[];
  #trouble = "";
  #timer: NodeJS.Timeout | null = null;

  private constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
    this.#keys = parse(path, text);
  }

  /** Throws an `Error` that names the file and the line when it can't be used. */
  static async open(path: string, onTrouble: (message: string) => void): Promise<ApiKeys> {
    const keys = new ApiKeys(path, await readKeys(path));
    keys.#timer = setInterval(() => void keys.#reload(onTrouble), RELOAD_MS);
    return keys;
  }

  get count(): number {
    return this.#keys.length;
  }

  /** Whose key it is, or null. Takes the same time for every wrong key. */
  nameOf(key: string): string | null {
    const hash = hashOf(key);
    let name: string | null = null;
    for (const known of this.#keys) {
      if (timingSafeEqual(known.hash, hash)) name = known.name;
    }
    return name;
  }

  async #reload(onTrouble: (message: string) => void): Promise<void> {
    let trouble = "";
    try {
      const text = await readKeys(this.#path);
      if (text !== this.#text) this.#keys = parse(this.#path, text);
      this.#text = text;
    } catch (error) {
      trouble = error instanceof Error ? error.message : String(error);
    }
    if (trouble !== "" && trouble !== this.#trouble) onTrouble(trouble);
    this.#trouble = trouble;
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }
}

async function readKeys(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `Cannot read the API keys in "${path}" (${code}); check path and permissions, or make a key with sluice key NAME`,
      { cause: error },
    );
  }
}

function parse(path: string, text: string): readonly ApiKey[] {
  const keys: ApiKey[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const content = line.replace(/#.*/, "").trim();
    if (content === "") continue;
    const { name, hash } = LINE.exec(content)?.groups ?? {};
    if (name === undefined || hash === undefined) {
      throw new Error(
        `Cannot use line ${index + 1} of "${path}": it is not name:hash; sluice key NAME prints such a line`,
      );
    }
    keys.push({ name, hash: Buffer.from(hash, "hex") });
  }
  if (keys.length > KEYS_MAX) {
    throw new Error(`Cannot use ${keys.length} keys of "${path}": at most ${KEYS_MAX}`);
  }
  return keys;
}
