import { readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

const LOCK_MS_MAX = 120_000;

/**
 * Runs `action` while this process alone holds the lock file. A lock whose owner is dead is taken over. Throws when it
 * can't be had within two minutes, which is what installing a server may take.
 */
export async function withLock<T>(path: string, action: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + LOCK_MS_MAX;
  while (!(await take(path))) {
    if (Date.now() > deadline) {
      throw new Error(
        `Cannot lock "${path}": another process holds it; remove it if none is running`,
      );
    }
    await delay(20);
  }
  try {
    return await action();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const owner = await readFile(path, "utf8").catch(() => "");
  // An empty file belongs to somebody who is just writing it.
  if (owner !== "" && !isAlive(Number(owner))) await rm(path, { force: true });
  return false;
}

/** Whether a process of that id exists. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
