import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isAlive, withLock } from "./lock-file.ts";
import { freshDir } from "./test-dir.ts";

/** The id of a process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ["--version"]).pid;
}

/** Enters the lock so many times at once; fails where two are inside together. */
async function crowd(path: string, count: number): Promise<number> {
  let entered = 0;
  const inside = `${path}.inside`;
  const enter = async () => {
    await withLock(path, async () => {
      await writeFile(inside, "", { flag: "wx" });
      entered += 1;
      await rm(inside);
    });
  };
  await Promise.all(Array.from({ length: count }, enter));
  return entered;
}

describe("withLock", () => {
  it("lets one in at a time, and all of them in the end", async () => {
    expect(await crowd(join(await freshDir(), "lock"), 10)).toBe(10);
  });

  it("names its owner while it is held, and is gone after it", async () => {
    const dir = await freshDir();
    const path = join(dir, "lock");
    const owner = await withLock(path, async () => await readFile(path, "utf8"));
    expect(owner).toBe(String(process.pid));
    expect(await readdir(dir)).toEqual([]);
  });

  it("gives back what the action returns, and lets go when it fails", async () => {
    const path = join(await freshDir(), "lock");
    expect(await withLock(path, async () => 42)).toBe(42);
    const failing = withLock(path, async () => {
      throw new Error("out of paper");
    });
    await expect(failing).rejects.toThrow("out of paper");
    expect(existsSync(path)).toBe(false);
  });

  it.for([
    ["has ended", String(deadPid())],
    ["ended before it wrote its name", ""],
    ["is no process at all", "not a number"],
  ] as const)("is taken over, by one at a time, from an owner that %s", async ([, owner]) => {
    const dir = await freshDir();
    const path = join(dir, "lock");
    await writeFile(path, owner);
    expect(await crowd(path, 20)).toBe(20);
    expect(await readdir(dir)).toEqual([]);
  });

  it("tells what is wrong when the folder is not there", async () => {
    const path = join(await freshDir(), "none", "lock");
    await expect(withLock(path, async () => {})).rejects.toThrow("ENOENT");
  });
});

describe("isAlive", () => {
  it("knows the living, the dead, and what is no process", () => {
    expect(isAlive(process.pid)).toBe(true);
    expect(isAlive(deadPid())).toBe(false);
    for (const pid of [0, -1, 1.5, Number.NaN]) expect(isAlive(pid)).toBe(false);
  });
});
