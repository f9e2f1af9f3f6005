import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "./project.ts";

const run = promisify(execFile);
const COMMAND_MS_MAX = 240_000;
const OUTPUT_BYTES_MAX = 50_000_000;

/** The words that mean `docker compose` on this machine. */
const COMPOSE = ["docker compose", "docker-compose"].find((words) => succeeds(`${words} version`));

/** Why tests with containers are skipped; empty where they can be run. */
export const WITHOUT_COMPOSE = succeeds("docker version")
  ? COMPOSE === undefined
    ? "(skipped: there is no docker compose)"
    : ""
  : "(skipped: no Docker engine answers)";

function succeeds(command: string): boolean {
  try {
    execFileSync("sh", ["-c", command], { stdio: "ignore", timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}

/** Runs docker; gives what it printed on stdout. Rejects when it fails. */
export async function docker(...args: string[]): Promise<string> {
  // The classic builder is in every engine, and knows --network host.
  const env = { ...process.env, DOCKER_BUILDKIT: "0" };
  const options = { env, timeout: COMMAND_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX };
  return (await run("docker", args, options)).stdout.trim();
}

/** Our image under a name of its own; gone when disposed of. */
export async function buildImage(): Promise<AsyncDisposable & { name: string }> {
  const name = `sluice-test-${randomBytes(6).toString("hex")}`;
  await docker("build", "--quiet", "--network", "host", "--tag", name, ROOT);
  return { name, [Symbol.asyncDispose]: async () => void (await docker("rmi", "--force", name)) };
}

/** A project folder with our compose file. Disposing of it takes everything down. */
export interface Composition extends AsyncDisposable {
  readonly dir: string;
  readonly project: string;
  /** Runs shell lines in the folder, as a user types them; gives stdout. Rejects at the first that fails. */
  shell(script: string): Promise<string>;
  /** The ids of the containers of a service, stopped ones too. */
  containers(service?: string): Promise<string[]>;
}

export async function compose(image: string): Promise<Composition> {
  const dir = await mkdtemp(join(tmpdir(), "sluice-compose-"));
  const project = `sluicetest${randomBytes(6).toString("hex")}`;
  await copyFile(join(ROOT, "docker-compose.yml"), join(dir, "docker-compose.yml"));
  const env = {
    ...process.env,
    COMPOSE_PROJECT_NAME: project,
    IMAGE: image,
    INTAKE_PUBLISH: "127.0.0.1:",
  };
  const words = `docker() { if [ "$1" = compose ]; then shift; ${COMPOSE === "docker compose" ? "command docker compose" : COMPOSE} "$@"; else command docker "$@"; fi; }`;
  const options = { cwd: dir, env, timeout: COMMAND_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX };
  const shell = async (script: string) =>
    (await run("sh", ["-ec", `${words}\n${script}`], options)).stdout;
  return {
    dir,
    project,
    shell,
    async containers(service) {
      const filters = [`label=com.docker.compose.project=${project}`];
      if (service) filters.push(`label=com.docker.compose.service=${service}`);
      const flags = filters.flatMap((filter) => ["--filter", filter]);
      return (await docker("ps", "--all", "--quiet", ...flags)).split("\n").filter(Boolean);
    },
    async [Symbol.asyncDispose]() {
      await shell("docker compose down --volumes --timeout 5");
      await rm(dir, { recursive: true, force: true });
    },
  };
}
