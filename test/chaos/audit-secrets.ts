import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";

const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const LINE_END = Buffer.from("\r\n");

/**
 * Invariant (g): no secret in what was ever written to Redis, which the append-only file has in full, nor in a log line.
 * Compressed values are looked into. Returns where one was found, never the secret.
 */
export async function auditSecrets(
  redisDir: string,
  logs: string,
  secrets: readonly string[],
): Promise<string[]> {
  const needles = secrets.map((secret) => Buffer.from(secret));
  const problems: string[] = [];
  for (const name of await readdir(logs)) {
    // The sandbox tells whoever starts it its credentials.
    if (name === "sandbox.out") continue;
    const text = await readFile(join(logs, name));
    if (needles.some((needle) => text.includes(needle))) problems.push(`a secret is in ${name}`);
  }
  const appended = join(redisDir, "appendonlydir");
  for (const name of await readdir(appended)) {
    if (!name.endsWith(".aof")) continue;
    for (const { value, command } of valuesIn(await readFile(join(appended, name)))) {
      const texts = [value, unpacked(value)];
      if (needles.some((needle) => texts.some((text) => text.includes(needle)))) {
        problems.push(`a secret was written to Redis by ${command}`);
      }
    }
  }
  return [...new Set(problems)];
}

/** Every argument of every command of an append-only file, with the command's name and key. */
function* valuesIn(file: Buffer): Generator<{ value: Buffer; command: string }> {
  let at = 0;
  const line = () => {
    const end = file.indexOf(LINE_END, at);
    const text = file.toString("latin1", at, end < 0 ? file.length : end);
    at = end < 0 ? file.length : end + LINE_END.length;
    return text;
  };
  while (at < file.length) {
    const head = line();
    if (!head.startsWith("*")) continue;
    let command = "";
    for (let left = Number(head.slice(1)); left > 0 && at < file.length; left -= 1) {
      const bytes = Number(line().slice(1));
      const value = file.subarray(at, at + bytes);
      at += bytes + LINE_END.length;
      if (command.length < 100 && bytes < 100) command += ` ${value.toString()}`;
      yield { value, command };
    }
  }
}

/** What is compressed in a value; nothing where nothing is. */
function unpacked(value: Buffer): Buffer {
  const at = value.indexOf(ZSTD_MAGIC);
  return at < 0 ? Buffer.alloc(0) : zstdDecompressSync(value.subarray(at));
}
