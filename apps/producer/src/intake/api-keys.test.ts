import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ApiKeys, createApiKey } from "./api-keys.ts";

async function fileOf(text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-keys-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, "keys");
  await writeFile(path, text);
  return path;
}

const unheard = (message: string) => expect.unreachable(message);

describe("API keys", () => {
  it("are known by name, several of them, and of the key only the hash is in the file", async () => {
    const [first, second] = [createApiKey("first"), createApiKey("second.v-2")];
    expect(first.key).toMatch(/^slk_[\w-]{43}$/);
    const text = `# ours\n\n${first.line}  # since May\r\n${second.line}\n`;
    expect(text).not.toContain(first.key);
    using keys = await ApiKeys.open(await fileOf(text), unheard);
    expect(keys.count).toBe(2);
    expect(keys.nameOf(first.key)).toBe("first");
    expect(keys.nameOf(second.key)).toBe("second.v-2");
    expect(keys.nameOf(`${first.key} `)).toBeNull();
    expect(keys.nameOf(first.line.split(":")[1] ?? "")).toBeNull();
    expect(keys.nameOf("")).toBeNull();
  });

  it("are refused with the line that cannot be used, which is not shown", async () => {
    const path = await fileOf(`${createApiKey("a").line}\nb:secret\n`);
    const opening = ApiKeys.open(path, unheard);
    await expect(opening).rejects.toThrow(`Cannot use line 2 of "${path}"`);
    await expect(opening).rejects.not.toThrow("secret");
  });

  it("are read again each second; what is wrong with their file is told once", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const [old, next] = [createApiKey("old"), createApiKey("next")];
    const path = await fileOf(old.line);
    const troubles: string[] = [];
    using keys = await ApiKeys.open(path, (message) => void troubles.push(message));
    await writeFile(`${path}.next`, next.line);
    await rm(path);
    const untilKnown = async (key: string) =>
      await vi.waitFor(() => expect(keys.nameOf(key)).not.toBeNull(), { timeout: 20_000 });
    for (let looks = 0; looks < 3; looks += 1) await vi.advanceTimersByTimeAsync(1_000);
    await vi.waitFor(() => expect(troubles).toHaveLength(1), { timeout: 20_000 });
    expect(keys.nameOf(old.key)).toBe("old");
    await rename(`${path}.next`, path);
    await untilKnown(next.key);
    expect(troubles).toEqual([expect.stringMatching(/^Cannot read the API keys .*ENOENT/)]);
    await rm(path);
    await vi.waitFor(() => expect(troubles).toHaveLength(2), { timeout: 20_000 });
  });

  it("are at most 1,000", async () => {
    const { line } = createApiKey("a");
    const path = await fileOf(`${line}\n`.repeat(1_001));
    await expect(ApiKeys.open(path, unheard)).rejects.toThrow(/Cannot use 1001 keys/);
  });

  it("have names that a line can hold", () => {
    for (const name of ["", "a:b", "a b", "a#", "é", "x".repeat(65)]) {
      expect(() => createApiKey(name)).toThrow(RangeError);
    }
  });
});
