import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const INSTALL_MS_MAX = 300_000;

/**
 * The path of a Redis or Valkey server: from PATH, else installed with apt where that needs no question (root on
 * Debian or Ubuntu). Throws an `Error` with the commands to type where neither works.
 */
export async function provideRedisServer(say?: (message: string) => void): Promise<string> {
  const found = onPath("redis-server") ?? onPath("valkey-server");
  if (found !== null) return found;
  if (process.getuid?.() === 0 && onPath("apt-get") !== null) {
    say?.("no redis-server on PATH: installing Debian's redis-server with apt-get");
    await installWithApt();
    const installed = onPath("redis-server");
    if (installed !== null) return installed;
  }
  throw new Error(
    "Cannot find redis-server: install it (Debian, Ubuntu: sudo apt-get install redis-server; macOS: brew install redis; " +
      "Fedora: sudo dnf install redis), or set REDIS_URL to a running Redis >= 7.0",
  );
}

async function installWithApt(): Promise<void> {
  // RUNLEVEL keeps the package from starting a server of its own.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  try {
    await run("apt-get", ["update", "-qq"], { env, timeout: INSTALL_MS_MAX });
    const install = ["install", "-y", "-qq", "--no-install-recommends", "redis-server"];
    await run("apt-get", install, { env, timeout: INSTALL_MS_MAX });
  } catch (error) {
    const why = error instanceof Error ? error.message.trim().split("\n").at(-1) : String(error);
    throw new Error(
      `Cannot install redis-server with apt-get: ${why}; install it yourself, or set REDIS_URL to a running Redis >= 7.0`,
      { cause: error },
    );
  }
}

function onPath(name: string): string | null {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}
