import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { openAccount, readRun, recountPending, type Account } from "@sluice/queue";
import { describe, expect, it, vi } from "vitest";
import { startHangingProxy } from "./support/hanging-proxy.ts";
import { startOwnRedis, type OwnRedis } from "./support/own-redis.ts";
import { hostLines, openPlace, type Place, type Running } from "./support/sluice.ts";

const ASSETS = 400;
const UP = ["up", "--role", "worker", "--role", "sender", "--json"];

interface Fixture extends AsyncDisposable {
  place: Place;
  redis: OwnRedis;
  /** The account on that Redis, over a connection of the test's own. */
  account: Account;
  /** The configuration with that Redis. */
  env: Record<string, string>;
}

/** Roles as processes on a Redis of their own, with an inventory in `hosts.ndjson`. */
async function openFixture(latencyMs = 0): Promise<Fixture> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startOwnRedis());
  const place = stack.use(
    await openPlace({ limit: 10_000, windowMs: 1_000, concurrency: 2, latencyMs }),
  );
  const name = place.account.name;
  const account = stack.use(await openAccount({ redisUrl: redis.url, account: name }));
  await place.write("hosts.ndjson", hostLines(ASSETS));
  const env = { ...place.env, REDIS_URL: redis.url, SLUICE_LOG_LEVEL: "debug" };
  const owned = stack.move();
  return { place, redis, account, env, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function enqueue({ place, env }: Fixture): Promise<string> {
  const { exitCode, stdout } = await place.run(["enqueue", "hosts.ndjson", "--json"], { env });
  expect(exitCode).toBe(0);
  return (JSON.parse(stdout) as { run: string }).run;
}

async function delivered({ account, place }: Fixture, run: string, assets = ASSETS): Promise<void> {
  await vi.waitFor(
    async () => expect(await readRun(account, run)).toMatchObject({ state: "done" }),
    { timeout: 40_000, interval: 50 },
  );
  expect(await readRun(account, run)).toMatchObject({ read: ASSETS, delivered: assets, dead: 0 });
  expect(await recountPending(account, run)).toBe(0);
  expect(place.sandbox.count()).toBe(ASSETS);
}

/** How often the command has begun, and as which processes. */
async function beginnings(command: Running, count: number): Promise<number[]> {
  const pattern = new RegExp(`(?:^.*"pid":(\\d+).*$[^]*?){${count}}`, "m");
  const [text] = await command.line(pattern);
  return [...text.matchAll(/"pid":(\d+)/g)].map(([, pid]) => Number(pid));
}

/** What a process said before it started itself again. */
function reasonsToStartAgain(stderr: string): string[] {
  return stderr.split("\n").filter((line) => /"event":"process\.(stuck|hung)"/.test(line));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("a process whose connections hang", () => {
  it("starts itself again when nothing is done for too long, and tells why meanwhile", async () => {
    await using fixture = await openFixture();
    await using proxy = await startHangingProxy(fixture.redis.url);
    const port = await freePort();
    const env = {
      ...fixture.env,
      REDIS_URL: proxy.url,
      SLUICE_PROGRESS_TIMEOUT_SEC: "2",
      SLUICE_HEALTH_PORT: String(port),
    };
    const up = fixture.place.start(UP, { env });
    const [pid] = await beginnings(up, 1);
    expect(proxy.hang()).toBeGreaterThan(0);
    const run = await enqueue(fixture);
    await up.line(/"event":"process.stuck"/);
    const answer = await fetch(`http://127.0.0.1:${port}/livez`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({
      status: "not ready",
      problem: "nothing was done for 2 s although it is due to take a chunk",
    });
    expect(await beginnings(up, 2)).toEqual([pid, pid]);
    await delivered(fixture, run);
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
  });

  it.for(["worker", "sender"])("makes them anew without starting again: %s", async (role) => {
    await using fixture = await openFixture();
    await using proxy = await startHangingProxy(fixture.redis.url);
    const hung = { ...fixture.env, REDIS_URL: proxy.url, SLUICE_REDIS_TIMEOUT_SEC: "2" };
    const start = async (of: string) => {
      const env = of === role ? hung : fixture.env;
      const command = fixture.place.start(["up", "--role", of, "--json"], { env });
      await beginnings(command, 1);
      return command;
    };
    const commands = [await start("worker"), await start("sender")];
    expect(proxy.hang()).toBeGreaterThan(0);
    await delivered(fixture, await enqueue(fixture));
    for (const command of commands) command.signal("SIGTERM");
    for (const command of commands) {
      const { exitCode, stderr } = await command.ended;
      expect(reasonsToStartAgain(stderr)).toEqual([]);
      expect(exitCode).toBe(0);
    }
  });
});

describe("a process whose event loop hangs", () => {
  it("starts itself again", async () => {
    await using fixture = await openFixture();
    await fixture.place.write("hang.mjs", 'process.on("SIGUSR2", () => { for (;;); });\n');
    const env = {
      ...fixture.env,
      SLUICE_PROGRESS_TIMEOUT_SEC: "2",
      NODE_OPTIONS: `--import ${join(fixture.place.dir, "hang.mjs")}`,
    };
    const up = fixture.place.start(UP, { env });
    const [pid] = await beginnings(up, 1);
    up.signal("SIGUSR2");
    await up.line(/"event":"process.hung"/);
    expect(await beginnings(up, 2)).toEqual([pid, pid]);
    await delivered(fixture, await enqueue(fixture));
  });
});

/** What a process may take for its own fault: more than it needs to find its way after somebody else's. */
const PROGRESS_SEC = 6;
/** How long a fault lasts that is longer. */
const FAULT_MS = 8_000;
/** Shorter, so that connections break meanwhile. */
const REDIS_SEC = 2;

async function pass(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

describe("what is stopped and goes on", () => {
  it("is no reason to start again: the process itself", async () => {
    await using fixture = await openFixture();
    const env = { ...fixture.env, SLUICE_PROGRESS_TIMEOUT_SEC: String(PROGRESS_SEC) };
    const up = fixture.place.start(UP, { env });
    await beginnings(up, 1);
    up.signal("SIGSTOP");
    const run = await enqueue(fixture);
    await pass(FAULT_MS);
    up.signal("SIGCONT");
    await delivered(fixture, run);
    up.signal("SIGTERM");
    const { exitCode, stderr } = await up.ended;
    expect(reasonsToStartAgain(stderr)).toEqual([]);
    expect(exitCode).toBe(0);
  });

  it("is no reason to start again: Redis", async () => {
    await using fixture = await openFixture();
    const env = {
      ...fixture.env,
      SLUICE_PROGRESS_TIMEOUT_SEC: String(PROGRESS_SEC),
      SLUICE_REDIS_TIMEOUT_SEC: String(REDIS_SEC),
    };
    const run = await enqueue(fixture);
    const up = fixture.place.start(UP, { env });
    await up.line(/"event":"batch.accepted"/);
    fixture.redis.pause();
    await pass(FAULT_MS);
    fixture.redis.goOn();
    await delivered(fixture, run);
    up.signal("SIGTERM");
    const { exitCode, stderr } = await up.ended;
    expect(reasonsToStartAgain(stderr)).toEqual([]);
    expect(exitCode).toBe(0);
  });

  it("is waited for: a Redis that was killed", async () => {
    await using fixture = await openFixture();
    const run = await enqueue(fixture);
    const up = fixture.place.start(UP, { env: fixture.env });
    await up.line(/"event":"batch.accepted"/);
    await fixture.redis.crash();
    await delivered(fixture, run);
    up.signal("SIGTERM");
    expect(await up.ended).toMatchObject({ exitCode: 0 });
  });
});

/** With it a load takes long enough for something to happen meanwhile. */
const LATENCY_MS = 200;

describe("a command that is told to stop while Redis does not answer", () => {
  it.for(["SIGINT", "SIGTERM"] as const)("ends: push, on the first %s", async (signal) => {
    await using fixture = await openFixture(LATENCY_MS);
    const { place, redis, env } = fixture;
    const push = place.start(["push", "hosts.ndjson", "--json"], { env });
    await push.line(/"event":"batch.accepted"/);
    redis.pause();
    push.signal(signal);
    const { exitCode, stderr } = await push.ended;
    expect(exitCode).toBe(4);
    const [, resume = ""] = stderr.match(/nothing is lost\. .* continue with: sluice (.*)$/m) ?? [];
    redis.goOn();
    const resumed = await place.run([...resume.split(" "), "--json"], { env });
    expect(resumed).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(resumed.stdout)).toMatchObject({ read: ASSETS, delivered: ASSETS });
    expect(place.sandbox.count()).toBe(ASSETS);
  });

  it("ends: enqueue, up and drain", async () => {
    await using fixture = await openFixture(LATENCY_MS);
    const { place, redis, env } = fixture;
    const up = place.start(UP, { env });
    await beginnings(up, 1);
    const input = hostLines(ASSETS);
    const enqueueing = place.start(["enqueue", "-"], { env, input, isInputOpen: true });
    await up.line(/"event":"batch.accepted"/);
    redis.pause();
    for (const command of [up, enqueueing]) command.signal("SIGINT");
    expect(await up.ended).toMatchObject({ exitCode: 0 });
    expect(await enqueueing.ended).toMatchObject({ exitCode: 4 });
    redis.goOn();
    await enqueue(fixture);
    const drain = place.start(["drain"], { env });
    await drain.line(/"event":"batch.accepted"/);
    redis.pause();
    drain.signal("SIGINT");
    const { exitCode, stderr } = await drain.ended;
    expect(exitCode).toBe(4);
    expect(stderr).toContain("continue with: sluice drain");
    redis.goOn();
  });
});
