import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";

/**
 * The scripts that keep the books true, with the parts each is built from, in order. A script file's
 * header says what it does, why it must be atomic, its arguments and its replies.
 */
const SCRIPTS = {
  open: ["account"],
  seal: ["account", "books"],
  enqueue: ["account", "bytes", "holds", "marks"],
  admit: ["account", "bytes"],
  try: ["account"],
  died: ["account"],
  settle: ["account", "bytes", "books", "segments", "ledger", "letters", "ranges"],
  cut: ["account", "bytes", "books", "segments", "batches", "holds", "waiting"],
  put: ["account", "bytes"],
  acknowledge: [
    "account",
    "bytes",
    "books",
    "segments",
    "ledger",
    "letters",
    "batches",
    "suspects",
  ],
  split: ["account", "bytes", "books", "batches", "suspects"],
  quarantine: ["account"],
  canary: ["account", "bytes", "ledger", "batches", "holds"],
  discard: ["account", "letters"],
  compare: ["account", "ledger", "letters"],
  look: ["account", "bytes", "holds", "waiting"],
  commit: ["account", "governor"],
  called: ["account", "bytes", "governor", "books", "batches"],
  resume: ["account", "governor"],
} as const satisfies Record<string, readonly string[]>;

export type ScriptName = keyof typeof SCRIPTS;

/** Scripts that are refused when Redis is full. All others free memory, sooner or later, or take next to none. */
const FILLING: ReadonlySet<ScriptName> = new Set(["enqueue"]);

/** Scripts in which Redis refuses any write. */
const READING: ReadonlySet<ScriptName> = new Set(["compare"]);

interface Script {
  source: string;
  sha: string;
}

function loadScript(name: ScriptName): Script {
  const files = [...SCRIPTS[name].map((part) => `part/${part}.lua`), `${name}.lua`];
  const bodies = files.map((file) =>
    readFileSync(new URL(`./lua/${file}`, import.meta.url), "utf8"),
  );
  const source = [shebangOf(name), ...bodies].join("\n");
  return { source, sha: createHash("sha1").update(source).digest("hex") };
}

function shebangOf(name: ScriptName): string {
  if (FILLING.has(name)) return "#!lua";
  // Which implies the other.
  return READING.has(name) ? "#!lua flags=no-writes" : "#!lua flags=allow-oom";
}

const loaded = new Map<ScriptName, Script>();

function scriptOf(name: ScriptName): Script {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const script = loadScript(name);
  loaded.set(name, script);
  return script;
}

/** A script's reply: integers, texts, and lists of them. */
export type Reply = string | number | null | Reply[];

/**
 * Runs a script under the account's prefix. Scripts are cached by the server under the hash of their text, so
 * two versions of Sluice can work on one Redis side by side.
 */
export async function runScript(
  client: Redis,
  name: ScriptName,
  base: string,
  args: readonly (string | number | Buffer)[],
): Promise<Reply> {
  const script = scriptOf(name);
  try {
    return (await client.evalsha(script.sha, 1, base, ...args)) as Reply;
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return (await client.eval(script.source, 1, base, ...args)) as Reply;
  }
}
