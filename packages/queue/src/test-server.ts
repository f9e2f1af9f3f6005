import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { Redis } from "ioredis";
import { expect, onTestFinished, vi } from "vitest";
import { isAlive } from "./lock-file.ts";
import { startRedis } from "./redis-process.ts";
import { findRedisProgram } from "./redis-program.ts";
import { freshDir } from "./test-dir.ts";

/** A Redis of its own, for a test that changes the server's settings: `name value` each. Resolves to its socket's path. */
export async function ownRedis(...settings: string[]): Promise<string> {
  const dir = await freshDir();
  const socket = join(dir, "redis.sock");
  const pairs = settings.map((setting) => setting.replace(/^--/, "").split(" "));
  const start = { dir, socket, settings: { save: "", ...Object.fromEntries(pairs) } };
  const { pid } = await startRedis(await findRedisProgram(), start);
  onTestFinished(async () => {
    // Not politely: a server that is writing its first append-only file does not end when asked to.
    process.kill(pid, "SIGKILL");
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 10_000, interval: 5 });
  });
  return socket;
}

/** A second pair of eyes on a server. */
export function observe(redisUrl: string): Redis {
  // It may outlive its server.
  const client = new Redis(redisUrl, { retryStrategy: () => null });
  client.on("error", () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

/** Sets the server's `maxmemory`: room for the given bytes beyond what it uses now. Below nothing, it is full. */
export async function limitMemory(redisUrl: string, roomBytes: number): Promise<void> {
  const client = observe(redisUrl);
  const used = /used_memory:(\d+)/.exec(await client.info("memory"))?.[1];
  await client.config("SET", "maxmemory", Number(used) + roomBytes);
}

/** A server that answers `INFO` with these fields and knows no other command: one we cannot run, such as an old one. */
export async function serverWithInfo(fields: Readonly<Record<string, string>>): Promise<string> {
  const info = Object.entries(fields).map(([name, value]) => `${name}:${value}\r\n`);
  const text = `# Server\r\n${info.join("")}`;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (request) => {
      // A command is an array whose first element is its name: *1 $4 info.
      for (const command of request
        .toString()
        .split(/^\*\d+\r\n/m)
        .slice(1)) {
        const [, name = ""] = command.split("\r\n");
        const isInfo = name.toLowerCase() === "info";
        const unknown = `-ERR unknown command '${name}'\r\n`;
        socket.write(isInfo ? `$${text.length}\r\n${text}\r\n` : unknown);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
