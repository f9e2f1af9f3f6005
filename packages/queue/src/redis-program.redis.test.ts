import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { findOnPath, findRedisProgram } from "./redis-program.ts";
import { freshDir } from "./test-dir.ts";
import { WITHOUT_DOCKER } from "./test-docker.ts";

const REDIS = findOnPath("redis-server") ?? "";
const WITHOUT_REDIS = REDIS === "" ? "there is no redis-server on PATH" : "";

/** A PATH of one folder with these programs in it: links to real ones, or scripts. */
async function pathWith(programs: Readonly<Record<string, string>>): Promise<string> {
  const dir = join(await freshDir(), "bin");
  await mkdir(dir);
  for (const [name, program] of Object.entries(programs)) {
    const path = join(dir, name);
    if (program.startsWith("/")) await symlink(program, path);
    else await writeFile(path, `#!/bin/sh\n${program}\n`);
    if (!program.startsWith("/")) await chmod(path, 0o755);
  }
  return dir;
}

function versionScript(text: string): string {
  return `echo "${text} sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=0"`;
}

describe("findRedisProgram", () => {
  it.skipIf(WITHOUT_REDIS)(`takes redis-server on PATH ${WITHOUT_REDIS}`, async () => {
    const path = await pathWith({ "redis-server": REDIS });
    const found = await findRedisProgram({ path: `/nowhere::${path}` });
    expect(found).toEqual({ kind: "binary", path: join(path, "redis-server") });
  });

  it.skipIf(WITHOUT_REDIS)("takes valkey-server (a Redis stands in for it)", async () => {
    const path = await pathWith({ "valkey-server": REDIS });
    const found = await findRedisProgram({ path });
    expect(found).toEqual({ kind: "binary", path: join(path, "valkey-server") });
  });

  it.for([
    ["Redis server v=7.0.0", "redis-server", true],
    ["Redis server v=8.2.1", "redis-server", true],
    ["Redis server v=6.2.14", "redis-server", false],
    ["Valkey server v=7.2.5", "valkey-server", true],
    ["Valkey server v=9.0.0", "valkey-server", true],
    ["Valkey server v=7.1.0", "valkey-server", false],
    ["Valkey server v=7.1.0", "redis-server", false],
  ] as const)("goes by the version that is told: %s as %s, %s", async ([text, name, isTaken]) => {
    const path = await pathWith({ [name]: versionScript(text) });
    const found = findRedisProgram({ path, isRoot: false });
    if (isTaken) await expect(found).resolves.toEqual({ kind: "binary", path: join(path, name) });
    else await expect(found).rejects.toThrow(/is (redis|valkey) \d\.\d\.\d+, too old/);
  });

  it("passes over one that is too old, and one that does not run", async () => {
    const old = versionScript("Redis server v=6.0.16");
    const good = versionScript("Valkey server v=8.1.0");
    const path = await pathWith({ "redis-server": old, "valkey-server": good });
    expect(await findRedisProgram({ path })).toMatchObject({ path: join(path, "valkey-server") });
    const broken = await pathWith({ "redis-server": "exit 3", "valkey-server": good });
    expect(await findRedisProgram({ path: broken })).toMatchObject({ kind: "binary" });
  });

  it.skipIf(WITHOUT_REDIS)("installs it with apt as root, and says so before", async () => {
    const path = await pathWith({});
    const install = `[ "$1" = update ] || ln -s ${REDIS} ${join(path, "redis-server")}`;
    await writeFile(join(path, "apt-get"), `#!/bin/sh\n${install}\n`, { mode: 0o755 });
    const said: string[] = [];
    const say = (message: string) => void said.push(message);
    await expect(findRedisProgram({ path, isRoot: false, say })).rejects.toThrow(
      "apt-get needs root",
    );
    expect(said).toEqual([]);
    const found = await findRedisProgram({ path, isRoot: true, say });
    expect(found).toEqual({ kind: "binary", path: join(path, "redis-server") });
    expect(said).toEqual([
      "no redis-server on PATH: installing the system's redis-server with apt-get",
    ]);
  });

  it("goes on where apt fails, or has an old one as well", async () => {
    const failing = await pathWith({ "apt-get": "echo 'E: no network' >&2; exit 100" });
    await expect(findRedisProgram({ path: failing, isRoot: true })).rejects.toThrow(
      "apt-get failed: E: no network; no docker on PATH",
    );
    const old = versionScript("Redis server v=6.0.16");
    const path = await pathWith({ "redis-server": old, "apt-get": "echo asked >&2; exit 100" });
    await expect(findRedisProgram({ path, isRoot: true })).rejects.toThrow(
      "apt-get would bring what is there",
    );
  });

  it.skipIf(WITHOUT_DOCKER)(`takes a Docker engine ${WITHOUT_DOCKER}`, async () => {
    const docker = findOnPath("docker") ?? "";
    const path = await pathWith({ docker });
    const said: string[] = [];
    const found = await findRedisProgram({ path, say: (message) => void said.push(message) });
    expect(found).toEqual({
      kind: "container",
      docker: join(path, "docker"),
      image: "redis:7-alpine",
    });
    expect(said).toEqual(["no redis-server on PATH: running redis:7-alpine with Docker"]);
    const elsewhere = findRedisProgram({ path, platform: "darwin" });
    await expect(elsewhere).rejects.toThrow("Docker runs in a virtual machine");
  });

  it.skipIf(WITHOUT_DOCKER)("leaves an engine on another machine alone", async () => {
    const path = await pathWith({ docker: findOnPath("docker") ?? "" });
    process.env["DOCKER_HOST"] = "tcp://127.0.0.1:9";
    onTestFinished(() => void delete process.env["DOCKER_HOST"]);
    await expect(findRedisProgram({ path })).rejects.toThrow(
      "the Docker engine is on another machine",
    );
  });

  it("goes on where the engine does not answer", async () => {
    const docker = `case $1 in context) echo unix:///none ;; *) echo 'no daemon' >&2; exit 1 ;; esac`;
    const path = await pathWith({ docker });
    await expect(findRedisProgram({ path, platform: "linux" })).rejects.toThrow(
      "docker failed: no daemon",
    );
  });

  it("tells in one message what was looked for, and what to type on each system", async () => {
    const path = await pathWith({});
    const found = findRedisProgram({ path, isRoot: true });
    await expect(found).rejects.toThrow(
      /^Cannot find a Redis server \(no redis-server on PATH, no valkey-server on PATH; no apt-get; no docker on PATH\); install one:\n/,
    );
    for (const line of [
      "  Debian 12, Ubuntu 24.04 and newer: sudo apt-get install redis-server",
      "  Fedora, RHEL 10: sudo dnf install valkey",
      "  Alpine: sudo apk add valkey",
      "  macOS: brew install redis",
      "  Windows: wsl --install, then",
      "or set REDIS_URL to a running Redis >= 7.0 or Valkey >= 7.2",
    ])
      await expect(found).rejects.toThrow(line);
  });
});
