import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
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

/** The lock appears with its owner's name in it, or not at all: an owner that dies leaves no riddle. */
async function take(path: string): Promise<boolean> {
  const own = `${path}.${randomUUID()}`;
  await writeFile(own, String(process.pid), { mode: 0o600 });
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(own, { force: true });
  }
  await removeIfStale(path);
  return false;
}

/** Of two that find a dead owner, the slower one may move a new lock away: it puts it back. */
async function removeIfStale(path: string): Promise<void> {
  if (await isHeld(path)) return;
  const moved = `${path}.${randomUUID()}`;
  try {
    await rename(path, moved);
  } catch {
    return;
  }
  if (await isHeld(moved)) await link(moved, path).catch(() => {});
  await rm(moved, { force: true });
}

async function isHeld(path: string): Promise<boolean> {
  const owner = await readFile(path, "utf8").catch(() => null);
  return owner !== null && isAlive(Number(owner));
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
