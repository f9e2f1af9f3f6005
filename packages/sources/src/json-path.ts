import { SourceError } from "./source-error.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BRACKET_OPEN = 0x5b;
const BACKSLASH = 0x5c;
const BRACKET_CLOSE = 0x5d;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;

const KEY_BYTES_MAX = 1024;
const KEYS_NAMED_MAX = 20;

/** The keys of a path: `data.hosts`, or as a JSON Pointer (RFC 6901) `/data/hosts`, for keys with dots in them. */
export function keysOf(path: string): readonly string[] {
  if (!path.startsWith("/")) return path.split(".");
  const keys = path.slice(1).split("/");
  return keys.map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The path of keys, dotted where that is clear. */
export function pathOf(keys: readonly string[]): string {
  if (keys.every((key) => key !== "" && !/[./]/.test(key))) return keys.join(".");
  return keys.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/**
 * Cuts the array at a path out of a JSON document, as a stream. Of what stands around it only the line
 * ends before it are left, so that lines count as in the document, and only its brackets are checked.
 *
 * @throws SourceError if there is no array at the path, or behind it a key of the path stands again, so that there
 * may be another (`path`); or if the document is not one object (`syntax`)
 */
export async function* cutArray(
  chunks: AsyncIterable<Buffer>,
  source: string,
  path: string,
): AsyncGenerator<Buffer> {
  const cutter = new ArrayCutter(source, path);
  for await (const chunk of chunks) yield* cutter.push(chunk);
  cutter.end();
}

/**
 * Follows a path through a document. `#depth` counts the open brackets, `#entered` the objects of the path
 * among them: where they are equal, the innermost of these is where the next key is looked for. The array itself
 * begins at `#depth` = number of keys, and is over when that is reached again. Behind it the objects of the path are
 * followed to their ends, for a key that stands twice in one of them would be a loss that nobody sees.
 */
export class ArrayCutter {
  readonly #source: string;
  readonly #keys: readonly string[];
  #place: "before" | "inside" | "behind" = "before";
  #depth = 0;
  #entered = 0;
  #isInString = false;
  #isEscaped = false;
  /** Whether what comes next in the innermost object of the path is a value, and of which key. */
  #isValue = false;
  #key: number[] = [];
  #seen: string[] = [];

  constructor(source: string, path: string) {
    this.#source = source;
    this.#keys = keysOf(path);
  }

  /** What of this chunk belongs to the array; a line end for each one before it. */
  *push(chunk: Buffer): Generator<Buffer> {
    let start = 0;
    let lines = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (this.#isInString) {
        this.#string(byte);
        continue;
      }
      if (byte === NEWLINE && this.#place === "before") lines += 1;
      if (byte <= SPACE) continue;
      const before = this.#place;
      this.#structure(byte);
      if (before === "before" && this.#place === "inside") {
        yield Buffer.alloc(lines, NEWLINE);
        start = at;
        lines = 0;
      } else if (before === "inside" && this.#place === "behind") {
        yield chunk.subarray(start, at + 1);
      }
    }
    if (this.#place === "inside") yield chunk.subarray(start);
    if (this.#place === "before") yield Buffer.alloc(lines, NEWLINE);
  }

  /** An array that is cut off is left to the reader of its elements. */
  end(): void {
    if (this.#place !== "inside" && this.#depth > 0) {
      throw this.#syntaxError("it ends before its last bracket");
    }
  }

  #structure(byte: number): void {
    if (this.#depth === 0 && (this.#place === "behind" || byte !== BRACE_OPEN)) {
      throw this.#place === "behind"
        ? this.#syntaxError("text follows its end")
        : this.#pathError("the document is no object; leave --at out");
    }
    if (byte === QUOTE) this.#beginString();
    else if (byte === BRACE_OPEN || byte === BRACKET_OPEN) this.#open(byte);
    else if (byte === BRACE_CLOSE || byte === BRACKET_CLOSE) this.#close();
    else if (this.#isOnPath() && byte === COLON) this.#isValue = true;
    else if (this.#isOnPath() && byte === COMMA) this.#endMember();
  }

  /** Whether the innermost open bracket is that of an object in which a key of the path is looked for. */
  #isOnPath(): boolean {
    return this.#place !== "inside" && this.#depth === this.#entered;
  }

  #beginString(): void {
    this.#isInString = true;
    if (this.#isOnPath() && !this.#isValue) this.#key = [];
  }

  #string(byte: number): void {
    if (byte === QUOTE && !this.#isEscaped) {
      this.#isInString = false;
      return;
    }
    this.#isEscaped = byte === BACKSLASH && !this.#isEscaped;
    const isKey = this.#isOnPath() && !this.#isValue;
    if (isKey && this.#key.length < KEY_BYTES_MAX) this.#key.push(byte);
  }

  #open(byte: number): void {
    if (this.#isOnPath() && (this.#depth === 0 || this.#isWanted())) {
      if (this.#place === "behind") throw this.#twiceError();
      const isLast = this.#entered === this.#keys.length;
      if (byte !== (isLast ? BRACKET_OPEN : BRACE_OPEN)) throw this.#wrongKindError(byte);
      if (isLast) this.#place = "inside";
      else this.#enter();
    }
    this.#depth += 1;
  }

  #enter(): void {
    this.#entered += 1;
    this.#isValue = false;
    this.#seen = [];
  }

  #close(): void {
    if (this.#isOnPath()) {
      this.#endMember();
      if (this.#place === "before") throw this.#notThereError();
      this.#entered -= 1;
    }
    this.#depth -= 1;
    if (this.#place === "inside" && this.#depth === this.#keys.length) this.#leave();
  }

  /** What follows is the rest of the innermost object of the path. */
  #leave(): void {
    this.#place = "behind";
    this.#isValue = false;
  }

  #endMember(): void {
    if (this.#isValue && this.#isWanted()) {
      throw this.#place === "behind" ? this.#twiceError() : this.#wrongKindError(null);
    }
    if (this.#isValue && this.#seen.length < KEYS_NAMED_MAX) this.#seen.push(this.#keyText());
    this.#isValue = false;
  }

  #isWanted(): boolean {
    return this.#isValue && this.#keyText() === this.#keys[this.#entered - 1];
  }

  #keyText(): string {
    const text = Buffer.from(this.#key).toString();
    if (!text.includes("\\")) return text;
    try {
      return String(JSON.parse(`"${text}"`));
    } catch {
      return text;
    }
  }

  #wrongKindError(byte: number | null): SourceError {
    const kind = byte === null ? "a single value" : byte === BRACE_OPEN ? "an object" : "an array";
    const path = JSON.stringify(pathOf(this.#keys.slice(0, this.#entered)));
    return this.#pathError(`${path} is ${kind}; give --at the path of the array of records`);
  }

  #twiceError(): SourceError {
    const path = JSON.stringify(pathOf(this.#keys.slice(0, this.#entered)));
    return this.#pathError(
      `${path} is there twice, and only what is in the first was read; make its keys differ`,
    );
  }

  #notThereError(): SourceError {
    const key = JSON.stringify(this.#keys[this.#entered - 1]);
    const parent = this.#keys.slice(0, this.#entered - 1);
    const place = parent.length === 0 ? "at the top" : `in ${JSON.stringify(pathOf(parent))}`;
    const names = this.#seen.map((name) => JSON.stringify(name)).join(", ");
    const there = names === "" ? "it is empty" : `there are ${names}`;
    return this.#pathError(`there is no ${key} ${place}; ${there}`);
  }

  #pathError(problem: string): SourceError {
    return new SourceError("path", this.#source, problem);
  }

  #syntaxError(detail: string): SourceError {
    const problem = `the JSON document is broken (${detail}); correct it and load the file again`;
    return new SourceError("syntax", this.#source, problem);
  }
}
