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
/** Slow enough that a sender dies on the way. */
const SLOW = { limit: 4, windowMs: 10_000 };
const FACT = { timeout: 90_000, interval: 250 };
/** Redis, the intake, two workers, two senders, the sandbox. */
const ALL_HEALTHY = Array.from({ length: 7 }, () => "healthy");

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

interface Books {
  read: number;
  delivered: number;
  unchanged: number;
  coalesced: number;
  pending: number;
}

/** The ids of runs that commands and the intake have printed. */
function runsIn(text: string): string[] {
  return [...new Set(text.match(/\d{8}T\d{6}-[0-9a-f]{6}|intake-\w+-live-\d{8}T\d\d/g))];
}

describe.skipIf(WITHOUT_COMPOSE)(`the image and the compose file ${WITHOUT_COMPOSE}`, () => {
  const stack = new AsyncDisposableStack();
  let image = "";
  let system: Composition;
  let runs: string[] = [];

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

  /** The books of both runs, as a container tells them. */
  async function booksOf(id: string): Promise<Books[]> {
    const texts = runs.map((run) => docker("exec", id, "sluice", "runs", run, "--json"));
    return (await Promise.all(texts)).map((text) => JSON.parse(text) as Books);
  }

  async function pendingOf(id: string): Promise<number> {
    return (await booksOf(id)).reduce((sum, { pending }) => sum + pending, 0);
  }

  /** Each asset of the two equal loads was delivered once, or was the same as one that was. */
  async function expectDelivered(id: string): Promise<void> {
    for (const { read, delivered, unchanged, coalesced } of await booksOf(id)) {
      expect(read).toBe(ASSETS);
      expect(delivered + unchanged + coalesced).toBe(ASSETS);
    }
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
    for (const service of ["redis", "worker"]) {
      const [id = ""] = await system.containers(service);
      const networks = Object.keys(await inspect<object>(id, ".NetworkSettings.Networks"));
      expect(networks).toEqual([`${system.project}_inside`]);
      expect(await docker("network", "inspect", "-f", "{{.Internal}}", ...networks)).toBe("true");
    }
    const secrets = "ls /run/secrets 2>/dev/null || true";
    expect(await system.shell(`docker compose exec -T worker sh -c '${secrets}'`)).toBe("");
    const held = await system.shell(`docker compose exec -T sender sh -c '${secrets}'`);
    expect(held.trim()).toBe("qualys_password");
    const keys = await system.shell("docker compose exec -T producer cat /run/secrets/intake_keys");
    expect(keys).toMatch(/^rehearsal:[0-9a-f]{64}\n$/);
  });

  it("delivers a file and what the intake took, within the limit, although a sender is killed", async () => {
    await askSandbox("/sandbox/limits", SLOW);
    runs = runsIn(await system.shell(LOAD));
    expect(runs).toHaveLength(2);
    const senders = await system.containers("sender");
    const counts = async () => await Promise.all(senders.map(acceptedBy));
    await expect.poll(async () => Math.max(...(await counts())), FACT).toBeGreaterThan(0);
    const before = await counts();
    const victim = senders[before.indexOf(Math.max(...before))] ?? "";
    await docker("kill", victim);
    expect(await inspect<boolean>(victim, ".State.Running")).toBe(false);
    const [survivor = ""] = senders.filter((id) => id !== victim);
    expect(await pendingOf(survivor)).toBeGreaterThan(0);
    const acceptedAtKill = await acceptedBy(survivor);
    await expect.poll(() => acceptedBy(survivor), FACT).toBeGreaterThan(acceptedAtKill);
    const { callsInWorstWindow } = await askSandbox<{ callsInWorstWindow: number }>(
      "/sandbox/calls",
    );
    expect(callsInWorstWindow).toBeLessThanOrEqual(SLOW.limit);

    await askSandbox("/sandbox/limits", { ...SLOW, limit: 1_000 });
    await expect.poll(() => pendingOf(survivor), FACT).toBe(0);
    await expectDelivered(survivor);
    expect(await askSandbox("/sandbox/health")).toMatchObject({ assets: ASSETS });
    await docker("start", victim);
    await expect.poll(healthOf, FACT).toEqual(ALL_HEALTHY);
  });

  it("ends with exit code 0 when it is stopped, and knows everything when it comes back", async () => {
    await system.shell("docker compose stop");
    for (const service of ["producer", "worker", "sender", "sandbox"]) {
      for (const id of await system.containers(service))
        expect(await inspect<object>(id, ".State"), service).toMatchObject({ ExitCode: 0 });
    }
    await system.shell("docker compose down && docker compose up -d");
    await expect.poll(healthOf, FACT).toEqual(ALL_HEALTHY);
    const [sender = ""] = await system.containers("sender");
    await expectDelivered(sender);
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
