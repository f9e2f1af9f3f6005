import { chmod, lstat, mkdir } from "node:fs/promises";

/**
 * Makes a folder that this user alone can enter, where others could have made one before. Throws when it is somebody
 * else's, or no folder.
 */
export async function makeOwnFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  // Not what a link points to: a link is somebody's, too.
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    throw new Error(
      `Cannot use "${path}": it is no folder of this user; remove it, or set SLUICE_DATA_DIR to a shorter path`,
    );
  }
  await chmod(path, 0o700);
}
