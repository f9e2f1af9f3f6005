import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sampleLines } from "@sluice/sources";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  buildImage,
  compose,
  docker,
  WITHOUT_COMPOSE,
  type Composition,
} from "./support/composition.ts";
import { ROOT } from "./support/project.ts";

const GUIDE = readFileSync(join(ROOT, "docs/containers.md"), "utf8");
const [BEGIN = "", LOAD = ""] = [...GUIDE.matchAll(/```sh\n([\s\S]*?)```/g)].map(
  ([, text]) => text,
);
const BASE = "node:24-bookworm-slim";
const ASSETS = 3_000;
/** Slow enough that a sender can die on the way. */
const LIMITS = { limit: 3, windowMs: 2_000 };
const FACT = { timeout: 90_000, interval: 250 };
/** Redis, two workers, two senders, the sandbox. */
const ALL_HEALTHY = Array.from({ length: 6 }, () => "healthy");

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

interface Books {
  read: number;
  delivered: number;
  pending: number;
}

describe.skipIf(WITHOUT_COMPOSE)(`the image and the compose file ${WITHOUT_COMPOSE}`, () => {
  const stack = new AsyncDisposableStack();
  let image = "";
  let system: Composition;
  let run = "";

  beforeAll(async () => {
    image = stack.use(await buildImage()).name;
    system = stack.use(await compose(image));
    const lines = sampleLines({ assets: ASSETS, seed: 5, profile: "low-entropy" });
    await writeFile(
      join(system.dir, "hosts.ndjson"),
      lines.map((line) => `${line}\n`),
    );
    await system.shell(BEGIN);
  });

  afterAll(async () => {
    await stack.disposeAsync();
  });

  async function inspect<T>(id: string, template: string): Promise<T> {
    return JSON.parse(await docker("inspect", "--format", `{{json ${template}}}`, id)) as T;
  }

  /** What the sandbox answers to whoever is on its own machine. */
  async function askSandbox<T>(path: string, body?: object): Promise<T> {
    const init = body && { method: "PUT", body: JSON.stringify(body) };
    const code = `fetch("http://127.0.0.1:8765${path}", ${JSON.stringify(init)}).then(async (r) => console.log(await r.text()))`;
    const [id = ""] = await system.containers("sandbox");
    return JSON.parse(await docker("exec", id, "node", "-e", code)) as T;
  }

  /** A run's books, as a container tells them. */
  async function booksOf(run: string, id: string): Promise<Books> {
    return JSON.parse(await docker("exec", id, "sluice", "runs", run, "--json")) as Books;
  }

  /** How many batches a sender's container has delivered. */
  async function acceptedBy(id: string): Promise<number> {
    const log = await system.shell(`docker logs ${id} 2>&1`);
    return log.split("batch.accepted").length - 1;
  }

  async function healthOf(): Promise<string[]> {
    const ids = await system.containers();
    return await Promise.all(ids.map((id) => inspect<string>(id, ".State.Health.Status")));
  }

  it("is a small image: our code and what it needs, and the base's Node", async () => {
    const sizeOf = async (name: string) =>
      Number(await docker("image", "inspect", "--format", "{{.Size}}", name));
    expect((await sizeOf(image)) - (await sizeOf(BASE))).toBeLessThan(50_000_000);
    const run = ["run", "--rm", "--network=none", "--entrypoint"];
    const notNeeded = `find apps packages -name "*.test.ts"; ls node_modules | grep -E "^(node-linux|vitest|typescript)" || true`;
    expect(await docker(...run, "sh", image, "-c", notNeeded)).toBe("");
    expect(await docker(...run, "sh", image, "-c", "command -v redis-server || id -u")).toBe(
      "1000",
    );
  });

  it("takes the command of sluice as its own, also on a read-only file system", async () => {
    const version = await docker(
      "run",
      "--rm",
      "--read-only",
      "--network=none",
      image,
      "--version",
    );
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it("becomes healthy, with two workers, a sender and its standby", async () => {
    await expect.poll(healthOf, FACT).toEqual(ALL_HEALTHY);
    expect(await system.containers("worker")).toHaveLength(2);
    expect(await system.containers("sender")).toHaveLength(2);
  });

  it("gives no container more than it needs", async () => {
    const [password = ""] = (await system.shell("cat secrets/qualys_password")).split("\n");
    expect(password.length).toBeGreaterThan(20);
    for (const id of await system.containers()) {
      const host = await inspect<Record<string, unknown>>(id, ".HostConfig");
      expect(host).toMatchObject({ ReadonlyRootfs: true, CapDrop: ["ALL"], Privileged: false });
      expect(host["SecurityOpt"]).toEqual(["no-new-privileges:true"]);
      expect(await docker("inspect", id)).not.toContain(password);
    }
    const redis = `net.connect(6379, "redis").on("connect", () => process.exit(7))`;
    const outside = `net.connect(443, "192.0.2.1").on("error", (error) => process.exit(error.code === "ENETUNREACH" ? 8 : 9))`;
    for (const [code, exitCode] of [
      [redis, 7],
      [outside, 8],
    ] as const) {
      const script = `docker compose exec -T worker node -e '${code}' || echo $?`;
      expect((await system.shell(script)).trim()).toBe(String(exitCode));
    }
    const secrets = "ls /run/secrets 2>/dev/null || true";
    expect(await system.shell(`docker compose exec -T worker sh -c '${secrets}'`)).toBe("");
    const held = await system.shell(`docker compose exec -T sender sh -c '${secrets}'`);
    expect(held.trim()).toBe("qualys_password");
  });

  it("delivers all of a load within the limit, although a sender is killed on the way", async () => {
    await askSandbox("/sandbox/limits", LIMITS);
    const printed = await system.shell(LOAD);
    run = /\d{8}T\d{6}-[0-9a-f]{6}/.exec(printed)?.[0] ?? "";
    const senders = await system.containers("sender");
    const counts = async () => await Promise.all(senders.map(acceptedBy));
    await expect.poll(async () => Math.max(...(await counts())), FACT).toBeGreaterThan(0);
    const before = await counts();
    const victim = senders[before.indexOf(Math.max(...before))] ?? "";
    await docker("kill", victim);
    expect(await inspect<boolean>(victim, ".State.Running")).toBe(false);
    const [survivor = ""] = senders.filter((id) => id !== victim);
    const acceptedAtKill = await acceptedBy(survivor);
    expect((await booksOf(run, survivor)).pending).toBeGreaterThan(0);

    await expect.poll(async () => (await booksOf(run, survivor)).pending, FACT).toBe(0);
    const books = await booksOf(run, survivor);
    expect(books).toMatchObject({ read: ASSETS, delivered: ASSETS });
    expect(await acceptedBy(survivor)).toBeGreaterThan(acceptedAtKill);
    expect(await askSandbox("/sandbox/health")).toMatchObject({ assets: ASSETS });
    const { callsInWorstWindow } = await askSandbox<{ callsInWorstWindow: number }>(
      "/sandbox/calls",
    );
    expect(callsInWorstWindow).toBeLessThanOrEqual(LIMITS.limit);
    await docker("start", victim);
    await expect.poll(healthOf, FACT).toEqual(ALL_HEALTHY);
  });

  it("ends with exit code 0 when it is stopped, and knows everything when it comes back", async () => {
    await system.shell("docker compose stop");
    for (const service of ["worker", "sender", "sandbox"]) {
      for (const id of await system.containers(service))
        expect(await inspect<object>(id, ".State"), service).toMatchObject({ ExitCode: 0 });
    }
    await system.shell("docker compose down && docker compose up -d");
    await expect.poll(healthOf, FACT).toEqual(ALL_HEALTHY);
    const [sender = ""] = await system.containers("sender");
    expect(await booksOf(run, sender)).toMatchObject({
      read: ASSETS,
      delivered: ASSETS,
      pending: 0,
    });
  });

  it("has as many workers as are asked for, and leaves nothing when it is thrown away", async () => {
    const scale = /`(docker compose up [^`]*--scale worker=4)`/.exec(GUIDE)?.[1] ?? "";
    await system.shell(scale);
    expect(await system.containers("worker")).toHaveLength(4);
    await system.shell("docker compose down --volumes");
    expect(await system.containers()).toEqual([]);
    const filter = `name=${system.project}`;
    expect(await docker("volume", "ls", "--quiet", "--filter", filter)).toBe("");
    expect(await docker("network", "ls", "--quiet", "--filter", filter)).toBe("");
  });
});
