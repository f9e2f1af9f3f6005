import { execFileSync } from "node:child_process";

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
