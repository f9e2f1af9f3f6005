import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedisProgram, startRedis, stopRedis } from "@sluice/queue";
import { GenericContainer, getContainerRuntimeClient, Wait } from "testcontainers";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    redisUrl: string;
  }
}

const SETTINGS = { appendonly: "yes", appendfsync: "everysec", save: "" };

/** A server for tests, and how it is stopped. */
export interface TestRedis {
  url: string;
  /** How it came to be, for the log. */
  kind: "given" | "container" | "child";
  stop: () => Promise<void>;
}

/**
 * A real Redis for the tests: `TEST_REDIS_URL` if given, else a container where a Docker engine answers, else a child
 * process.
 */
export async function startTestRedis(): Promise<TestRedis> {
  const given = process.env["TEST_REDIS_URL"];
  if (given) return { url: given, kind: "given", stop: async () => {} };
  if (!(await isDockerThere())) return await startChild();
  try {
    return await startContainer();
  } catch (error) {
    // An engine that can reach no registry and has no image of its own.
    process.stderr.write(
      `no container could be started, a child process it is: ${String(error)}\n`,
    );
    return await startChild();
  }
}

async function isDockerThere(): Promise<boolean> {
  try {
    await getContainerRuntimeClient();
    return true;
  } catch {
    return false;
  }
}

async function startContainer(): Promise<TestRedis> {
  const container = await new GenericContainer("redis:7-alpine")
    .withCommand([
      "redis-server",
      ...Object.entries(SETTINGS).flatMap(([name, value]) => [`--${name}`, value]),
    ])
    .withExposedPorts(6379)
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .start();
  const url = `redis://${container.getHost()}:${container.getMappedPort(6379)}`;
  return { url, kind: "container", stop: async () => void (await container.stop()) };
}

async function startChild(): Promise<TestRedis> {
  const program = await findRedisProgram({
    say: (message) => process.stderr.write(`${message}\n`),
  });
  const dir = await mkdtemp(join(tmpdir(), "sluice-redis-"));
  const socket = join(dir, "redis.sock");
  const server = await startRedis(program, { dir, socket, settings: SETTINGS });
  const stop = async () => {
    await stopRedis(server);
    await rm(dir, { recursive: true, force: true });
  };
  return { url: socket, kind: "child", stop };
}

/** vitest's global set-up of the `redis` project. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await startTestRedis();
  process.stderr.write(`tests run on a Redis of kind: ${redis.kind}\n`);
  project.provide("redisUrl", redis.url);
  return redis.stop;
}
