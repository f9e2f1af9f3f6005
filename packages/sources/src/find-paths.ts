import { glob, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { SourceError, fileSystemError } from "./source-error.ts";

const PATHS_MAX = 100_000;

/**
 * The files that paths and glob patterns mean, in the order given (a pattern's in alphabetical order),
 * none of them twice. A path that exists is taken literally, whatever characters it has. Directories
 * that a pattern matches are passed over. A path without pattern characters need not exist.
 *
 * @throws SourceError if a pattern matches no file or more than 100,000
 */
export async function findPaths(patterns: readonly string[]): Promise<readonly string[]> {
  const paths = new Map<string, string>();
  for (const pattern of patterns) {
    const isPattern = /[*?[{]/.test(pattern) && !(await isThere(pattern));
    for (const path of isPattern ? await matchFiles(pattern) : [pattern]) {
      const identity = path === "-" ? path : resolve(path);
      if (!paths.has(identity)) paths.set(identity, path);
    }
  }
  return [...paths.values()];
}

async function matchFiles(pattern: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const path of glob(pattern)) {
    if (await isDirectory(path)) continue;
    if (paths.length === PATHS_MAX) {
      throw new SourceError(
        "too-many",
        pattern,
        `more than ${PATHS_MAX} files match; narrow the pattern`,
      );
    }
    paths.push(path);
  }
  if (paths.length === 0) {
    throw new SourceError("no-match", pattern, "no file matches; check the pattern and its quotes");
  }
  return paths.sort();
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw fileSystemError(error, path);
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
