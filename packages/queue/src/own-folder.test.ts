import { chmod, mkdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeOwnFolder } from "./own-folder.ts";
import { freshDir } from "./test-dir.ts";

describe("makeOwnFolder", () => {
  it("makes a folder that nobody else can enter, and takes its own again", async () => {
    const path = join(await freshDir(), "own");
    await makeOwnFolder(path);
    await makeOwnFolder(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  it("closes one of its own that others could enter", async () => {
    const path = join(await freshDir(), "open");
    await mkdir(path);
    await chmod(path, 0o777);
    await makeOwnFolder(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  it("refuses what is no folder, even a link to one", async () => {
    const dir = await freshDir();
    await symlink(dir, join(dir, "link"));
    await writeFile(join(dir, "file"), "");
    for (const name of ["link", "file"]) {
      await expect(makeOwnFolder(join(dir, name))).rejects.toThrow(
        /^Cannot use ".*": it is no folder of this user; remove it/,
      );
    }
  });

  it("refuses the folder of another user", async () => {
    const path = join(await freshDir(), "theirs");
    await mkdir(path);
    const own = process.getuid?.() ?? 0;
    process.getuid = () => own + 1;
    onTestFinished(() => {
      process.getuid = () => own;
    });
    await expect(makeOwnFolder(path)).rejects.toThrow("it is no folder of this user");
  });
});
