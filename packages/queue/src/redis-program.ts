import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { isVersionEnough } from "./server-check.ts";

const run = promisify(execFile);
const ASK_MS_MAX = 15_000;
const INSTALL_MS_MAX = 300_000;
const IMAGE = "redis:7-alpine";

/** A way to run a Redis or Valkey server. */
export type RedisProgram =
  | { kind: "binary"; path: string }
  | { kind: "container"; docker: string; image: string };

export interface RedisSearch {
  /** Told what is being done where it takes longer, or was not asked for: one sentence. */
  say?: (message: string) => void;
  /** The folders to look in. @default `PATH` of the environment */
  path?: string;
  /** Whether programs can be installed without asking. @default whether this is root */
  isRoot?: boolean;
  /** @default this one */
  platform?: NodeJS.Platform;
}

/** What one way brought: a program, or a clause on why it brought none. */
type Found = RedisProgram | { kind: "none"; why: string };

const REMEDIES = [
  ["Debian 12, Ubuntu 24.04 and newer", "sudo apt-get install redis-server"],
  ["Fedora, RHEL 10", "sudo dnf install valkey"],
  ["RHEL 9", "sudo dnf module install redis:7"],
  ["Alpine", "sudo apk add valkey"],
  ["macOS", "brew install redis"],
  ["Windows", "wsl --install, then in its Ubuntu: sudo apt-get install redis-server"],
  ["Linux with Docker", `docker pull ${IMAGE}`],
] as const;

/**
 * How a server can be run here: `redis-server` or `valkey-server` on PATH; else installed with apt where that needs no
 * question (root on Debian or Ubuntu); else as a container of a Docker engine on this machine. What is too old is passed over.
 * Throws an `Error` with the commands to type where nothing works.
 */
export async function findRedisProgram(search: RedisSearch = {}): Promise<RedisProgram> {
  const reasons: string[] = [];
  for (const look of [lookOnPath, lookAtApt, lookAtDocker]) {
    const found = await look(search);
    if (found.kind !== "none") return found;
    reasons.push(found.why);
  }
  const remedies = REMEDIES.map(([where, what]) => `  ${where}: ${what}`).join("\n");
  throw new Error(
    `Cannot find a Redis server (${reasons.join("; ")}); install one:\n${remedies}\n` +
      "or set REDIS_URL to a running Redis >= 7.0 or Valkey >= 7.2",
  );
}

async function lookOnPath(search: RedisSearch): Promise<Found> {
  const reasons: string[] = [];
  for (const name of ["redis-server", "valkey-server"]) {
    const path = findOnPath(name, search.path);
    const why = path === null ? `no ${name} on PATH` : await unfitness(path);
    if (path !== null && why === null) return { kind: "binary", path };
    reasons.push(why ?? "");
  }
  return { kind: "none", why: reasons.join(", ") };
}

/** Why a program cannot be used, as a clause; null when it can. */
async function unfitness(path: string): Promise<string | null> {
  try {
    const { stdout } = await run(path, ["--version"], { timeout: ASK_MS_MAX });
    const [, version = "of unknown version"] = /\bv=(\S+)/.exec(stdout) ?? [];
    const product = /valkey/i.test(stdout) ? "valkey" : "redis";
    return isVersionEnough(product, version) ? null : `${path} is ${product} ${version}, too old`;
  } catch (error) {
    return `${path} does not run: ${lastLineOf(error)}`;
  }
}

async function lookAtApt(search: RedisSearch): Promise<Found> {
  const apt = findOnPath("apt-get", search.path);
  if (apt === null) return { kind: "none", why: "no apt-get" };
  if (!(search.isRoot ?? process.getuid?.() === 0))
    return { kind: "none", why: "apt-get needs root" };
  if (findOnPath("redis-server", search.path) !== null)
    return { kind: "none", why: "apt-get would bring what is there" };
  search.say?.("no redis-server on PATH: installing the system's redis-server with apt-get");
  // RUNLEVEL keeps the package from starting a server of its own.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const options = { env, timeout: INSTALL_MS_MAX };
  try {
    await run(apt, ["update", "-qq"], options);
    await run(apt, ["install", "-y", "-qq", "--no-install-recommends", "redis-server"], options);
  } catch (error) {
    return { kind: "none", why: `apt-get failed: ${lastLineOf(error)}` };
  }
  return await lookOnPath(search);
}

/** On Linux alone: elsewhere engines live in a virtual machine, which a unix socket does not leave. */
async function lookAtDocker(search: RedisSearch): Promise<Found> {
  const docker = findOnPath("docker", search.path);
  if (docker === null) return { kind: "none", why: "no docker on PATH" };
  if ((search.platform ?? process.platform) !== "linux")
    return { kind: "none", why: "Docker runs in a virtual machine" };
  const ask = async (timeout: number, ...args: string[]) =>
    (await run(docker, args, { timeout })).stdout.trim();
  try {
    const host = await ask(ASK_MS_MAX, "context", "inspect", "-f", "{{.Endpoints.docker.Host}}");
    if (!host.startsWith("unix:"))
      return { kind: "none", why: "the Docker engine is on another machine" };
    await ask(ASK_MS_MAX, "version", "-f", "{{.Server.Version}}");
    const images = await ask(ASK_MS_MAX, "image", "ls", "-q", IMAGE);
    search.say?.(`no redis-server on PATH: running ${IMAGE} with Docker`);
    if (images === "") await ask(INSTALL_MS_MAX, "pull", "-q", IMAGE);
  } catch (error) {
    return { kind: "none", why: `docker failed: ${lastLineOf(error)}` };
  }
  return { kind: "container", docker, image: IMAGE };
}

function lastLineOf(error: unknown): string {
  const { stderr, message = String(error) } = error as { stderr?: string; message?: string };
  return (stderr?.trim() || message.trim()).split("\n").at(-1) ?? "";
}

/** The path of a program on this machine, or in the given list of folders; null where there is none. */
export function findOnPath(name: string, path = process.env["PATH"] ?? ""): string | null {
  for (const folder of path.split(delimiter)) {
    if (folder === "") continue;
    const program = join(folder, name);
    try {
      accessSync(program, constants.X_OK);
      return program;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}
