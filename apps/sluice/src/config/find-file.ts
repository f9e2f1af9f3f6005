import { existsSync } from "node:fs";
import type { Environment } from "./variables.ts";

/** Where it is looked for, unless `SLUICE_CONFIG` or `--config` says where it is. */
export const USUAL_FILE = "sluice.yaml";

/** The file that describes accounts and connectors; null where the environment does. */
export function findConfigFile(environment: Environment): string | null {
  const named = environment["SLUICE_CONFIG"]?.trim() ?? "";
  if (named === "none") return null;
  if (named !== "") return named;
  return existsSync(USUAL_FILE) ? USUAL_FILE : null;
}
