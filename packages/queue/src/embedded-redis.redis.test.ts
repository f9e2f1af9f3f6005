import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it, onTestFinished } from "vitest";
import { openAccount } from "./account.ts";
import { EmbeddedRedis } from "./embedded-redis.ts";
import { isAlive } from "./lock-file.ts";
import { parseInfo } from "./server-check.ts";
import { freshDir } from "./test-dir.ts";
import { findOnPath, type RedisProgram } from "./redis-program.ts";
import { docker, WITHOUT_DOCKER } from "./test-docker.ts";
import { observe } from "./test-server.ts";

/** Attaches, says so, and leaves when its input ends. */
const COMMAND = `
  const { EmbeddedRedis } = await import(process.argv[1]);
  const redis = await EmbeddedRedis.attach({ dataDir: process.argv[2] });
  console.log(redis.url);
  for await (const _ of process.stdin);
  await redis[Symbol.asyncDispose]();
`;

/** Another process that is attached to the same data. */
async function attachElsewhere(
  dataDir: string,
): Promise<{ url: string; child: ChildProcessWithoutNullStreams; ended: Promise<unknown> }> {
  const script = new URL("./embedded-redis.ts", import.meta.url).href;
  const args = ["--input-type=module", "-e", COMMAND, script, dataDir];
  const child = spawn(process.execPath, args);
  const ended = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  for await (const url of createInterface(child.stdout)) return { url, child, ended };
  throw new Error("the other process did not attach");
}

async function serverPid(url: string): Promise<number> {
  const info = parseInfo(await observe(url).info("server"));
  const pid = Number(info.get("process_id"));
  onTestFinished(() => {
    if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  return pid;
}

describe("the embedded Redis", () => {
  it("is one server for all processes that attach; the last one out stops it", async () => {
    const dataDir = await freshDir();
    const [here, there] = await Promise.all([
      EmbeddedRedis.attach({ dataDir }),
      attachElsewhere(dataDir),
    ]);
    expect(there.url).toBe(here.url);
    const pid = await serverPid(here.url);
    expect(await serverPid(there.url)).toBe(pid);
    await here[Symbol.asyncDispose]();
    expect(isAlive(pid)).toBe(true);
    expect(await observe(there.url).ping()).toBe("PONG");
    there.child.stdin.end();
    await there.ended;
    expect(isAlive(pid)).toBe(false);
  });

  it("keeps every write on disk, listens for this user alone, and on no port", async () => {
    const dataDir = await freshDir();
    await using redis = await EmbeddedRedis.attach({ dataDir });
    await serverPid(redis.url);
    await using account = await openAccount({ redisUrl: redis.url, account: "test" });
    expect(account.server.warnings).toEqual([]);
    const [, port] = await account.client.config("GET", "port");
    expect(port).toBe("0");
    expect((await stat(redis.url)).mode & 0o777).toBe(0o700);
    expect((await stat(dirname(redis.url))).mode & 0o777).toBe(0o700);
  });

  it("has what it was given when it is started again", async () => {
    const dataDir = await freshDir();
    const first = await EmbeddedRedis.attach({ dataDir });
    const before = await serverPid(first.url);
    await observe(first.url).set("kept", "1");
    await first[Symbol.asyncDispose]();
    await using second = await EmbeddedRedis.attach({ dataDir });
    expect(await serverPid(second.url)).not.toBe(before);
    expect(await observe(second.url).get("kept")).toBe("1");
  });

  it("is adopted from a process that was killed", async () => {
    const dataDir = await freshDir();
    const killed = await attachElsewhere(dataDir);
    const pid = await serverPid(killed.url);
    await observe(killed.url).set("kept", "1");
    killed.child.kill("SIGKILL");
    await killed.ended;
    expect(isAlive(pid)).toBe(true);
    const redis = await EmbeddedRedis.attach({ dataDir });
    expect(await serverPid(redis.url)).toBe(pid);
    expect(await observe(redis.url).get("kept")).toBe("1");
    await redis[Symbol.asyncDispose]();
    expect(isAlive(pid)).toBe(false);
    expect(await readdir(join(dataDir, "redis", "users"))).toEqual([]);
  });

  it("is started anew where a killed server left its socket and a killed process its lock", async () => {
    const dataDir = await freshDir();
    const killed = await attachElsewhere(dataDir);
    const pid = await serverPid(killed.url);
    await observe(killed.url).set("kept", "1");
    process.kill(pid, "SIGKILL");
    killed.child.kill("SIGKILL");
    await killed.ended;
    await writeFile(join(dataDir, "redis", "lock"), String(killed.child.pid));
    await expect.poll(() => isAlive(pid), { timeout: 30_000 }).toBe(false);
    await using redis = await EmbeddedRedis.attach({ dataDir });
    expect(await serverPid(redis.url)).not.toBe(pid);
    expect(await observe(redis.url).get("kept")).toBe("1");
  });

  it.for([
    ["long", "d".repeat(120)],
    ["long when it is counted in bytes", "é".repeat(45)],
  ])("listens elsewhere when its folder's path is too %s", async ([, name = ""]) => {
    const dataDir = join(await freshDir(), name);
    await using redis = await EmbeddedRedis.attach({ dataDir });
    const pid = await serverPid(redis.url);
    expect(Buffer.byteLength(redis.url)).toBeLessThanOrEqual(100);
    expect(redis.url).not.toContain(name);
    expect((await stat(dirname(redis.url))).mode & 0o777).toBe(0o700);
    const other = await attachElsewhere(dataDir);
    expect(await serverPid(other.url)).toBe(pid);
  });

  it("is never a second one on the same folder, although the socket of the first was removed", async () => {
    const dataDir = await freshDir();
    await using first = await EmbeddedRedis.attach({ dataDir });
    const pid = await serverPid(first.url);
    await observe(first.url).set("kept", "1");
    await rm(first.url);
    await using second = await EmbeddedRedis.attach({ dataDir });
    expect(isAlive(pid)).toBe(false);
    expect(await serverPid(second.url)).not.toBe(pid);
    expect(await observe(second.url).get("kept")).toBe("1");
  });

  it("is not started where a server answers that its pid file does not name", async () => {
    const dataDir = await freshDir();
    await using first = await EmbeddedRedis.attach({ dataDir });
    await serverPid(first.url);
    const pidFile = join(dataDir, "redis", "redis.pid");
    const text = await readFile(pidFile, "utf8");
    await rm(pidFile);
    await expect(EmbeddedRedis.attach({ dataDir })).rejects.toThrow(
      /is a server that its pid file does not name; end that one$/,
    );
    await writeFile(pidFile, text);
  });

  it("is started although its pid file names a process that is a stranger's by now", async () => {
    const dataDir = await freshDir();
    await mkdir(join(dataDir, "redis"));
    const pidFile = join(dataDir, "redis", "redis.pid");
    await writeFile(pidFile, `${process.pid}\n${join(dataDir, "redis", "redis.sock")}\n`);
    await using redis = await EmbeddedRedis.attach({ dataDir });
    expect(await readFile(pidFile, "utf8")).toBe(`${await serverPid(redis.url)}\n${redis.url}\n`);
  });

  it("is found where it was started, although this process would put its socket elsewhere", async () => {
    const dataDir = join(await freshDir(), "d".repeat(120));
    await using first = await EmbeddedRedis.attach({ dataDir });
    const pid = await serverPid(first.url);
    const { TMPDIR } = process.env;
    process.env["TMPDIR"] = await freshDir();
    onTestFinished(() => {
      if (TMPDIR === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = TMPDIR;
    });
    await using second = await EmbeddedRedis.attach({ dataDir });
    expect(second.url).toBe(first.url);
    expect(await serverPid(second.url)).toBe(pid);
  });

  it("does not hang whoever attaches when it hangs itself: they are told which process to end", async () => {
    const dataDir = await freshDir();
    await using first = await EmbeddedRedis.attach({ dataDir });
    const pid = await serverPid(first.url);
    process.kill(pid, "SIGSTOP");
    const second = EmbeddedRedis.attach({ dataDir });
    await expect(second).rejects.toThrow(
      `its process ${pid} does not answer; end it with kill ${pid}`,
    );
    process.kill(pid, "SIGCONT");
    await using third = await EmbeddedRedis.attach({ dataDir });
    expect(await serverPid(third.url)).toBe(pid);
  });

  it("says where to look when the server does not start", async () => {
    const dataDir = await freshDir();
    const first = await EmbeddedRedis.attach({ dataDir });
    await serverPid(first.url);
    await first[Symbol.asyncDispose]();
    const files = join(dataDir, "redis", "appendonlydir");
    const [manifest = ""] = (await readdir(files)).filter((name) => name.endsWith(".manifest"));
    await writeFile(join(files, manifest), "damaged\n");
    const log = join(dataDir, "redis", "redis.log");
    await expect(EmbeddedRedis.attach({ dataDir })).rejects.toThrow(
      new RegExp(`^Cannot start .*redis-server: it ended at once; see ${log}$`),
    );
    expect(await readFile(log, "utf8")).toContain("manifest");
  });
});

describe.skipIf(WITHOUT_DOCKER)(`the embedded Redis in a container ${WITHOUT_DOCKER}`, () => {
  const image = "redis:7-alpine";
  const findProgram = async (): Promise<RedisProgram> => {
    return { kind: "container", docker: findOnPath("docker") ?? "", image };
  };

  /** The containers of a data directory; they are gone with the test. */
  function containersOf(dataDir: string): string[] {
    const filter = `label=sluice.data=${join(dataDir, "redis")}`;
    return docker("ps", "-q", "--filter", filter).split("\n").filter(Boolean);
  }

  function remove(container: string): void {
    try {
      docker("rm", "--force", container);
    } catch (error) {
      // Its server has ended, and so it is on its way already.
      if (!/already in progress|No such container/.test(String(error))) throw error;
    }
  }

  async function attach(dataDir: string): Promise<EmbeddedRedis> {
    onTestFinished(() => {
      for (const id of containersOf(dataDir)) remove(id);
    });
    return await EmbeddedRedis.attach({ dataDir, findProgram });
  }

  it("keeps every write on disk, listens for this user alone, and on no port", async () => {
    const dataDir = await freshDir();
    await using redis = await attach(dataDir);
    await using account = await openAccount({ redisUrl: redis.url, account: "test" });
    expect(account.server.warnings).toEqual([]);
    expect((await account.client.config("GET", "port"))[1]).toBe("0");
    const socket = await stat(redis.url);
    expect(socket.mode & 0o777).toBe(0o700);
    expect(socket.uid).toBe(process.getuid?.());
    const [id = ""] = containersOf(dataDir);
    expect(docker("inspect", "-f", "{{.HostConfig.NetworkMode}}", id)).toBe("none");
  });

  it("is one for all processes, adopted from a killed one, and stopped by the last one out", async () => {
    const dataDir = await freshDir();
    const first = await attach(dataDir);
    const containers = containersOf(dataDir);
    expect(containers).toHaveLength(1);
    const killed = await attachElsewhere(dataDir);
    expect(killed.url).toBe(first.url);
    killed.child.kill("SIGKILL");
    await killed.ended;
    expect(containersOf(dataDir)).toEqual(containers);
    await first[Symbol.asyncDispose]();
    await expect.poll(() => containersOf(dataDir), { timeout: 30_000 }).toEqual([]);
  });

  it("has what it was given when it is started again, in a container or not", async () => {
    const dataDir = await freshDir();
    const first = await attach(dataDir);
    await observe(first.url).set("kept", "1");
    await first[Symbol.asyncDispose]();
    const second = await attach(dataDir);
    expect(await observe(second.url).get("kept")).toBe("1");
    await second[Symbol.asyncDispose]();
    const { url, child, ended } = await attachElsewhere(dataDir);
    expect(await observe(url).get("kept")).toBe("1");
    child.stdin.end();
    await ended;
  });

  it("says where to look when it does not start", async () => {
    const dataDir = await freshDir();
    await (await attach(dataDir))[Symbol.asyncDispose]();
    const files = join(dataDir, "redis", "appendonlydir");
    const [manifest = ""] = (await readdir(files)).filter((name) => name.endsWith(".manifest"));
    await writeFile(join(files, manifest), "damaged\n");
    await expect(attach(dataDir)).rejects.toThrow(
      /^Cannot start redis:7-alpine: it ended at once; see .*redis.log$/,
    );
    expect(await readFile(join(dataDir, "redis", "redis.log"), "utf8")).toContain("manifest");
    await expect.poll(() => containersOf(dataDir), { timeout: 30_000 }).toEqual([]);
  });
});
