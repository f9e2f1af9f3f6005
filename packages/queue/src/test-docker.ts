import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The path of a program on this machine; null where there is none. */
export function findOnPath(name: string): string | null {
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

/** Runs docker; gives its output. Throws where it fails. */
export function docker(...args: string[]): string {
  const options = { encoding: "utf8", timeout: 60_000, stdio: "pipe" } as const;
  return execFileSync("docker", args, options).trim();
}

/** Why a test with containers is skipped; empty where they can be run. */
export const WITHOUT_DOCKER = reasonAgainst();

function reasonAgainst(): string {
  try {
    docker("version");
    return docker("image", "ls", "-q", "redis:7-alpine") === ""
      ? "(skipped: the Docker engine has no redis:7-alpine)"
      : "";
  } catch {
    return "(skipped: no Docker engine answers)";
  }
}
