import { describe, expect, it } from "vitest";
import { openAccount } from "./account.ts";
import { checkServer, parseInfo, type ServerReport } from "./server-check.ts";
import { freshAccount } from "./test-account.ts";
import { observe, ownRedis, serverWithInfo } from "./test-server.ts";

async function checkInfo(fields: Readonly<Record<string, string>>): Promise<ServerReport> {
  return await checkServer(observe(await serverWithInfo(fields)));
}

describe("the check of the server", () => {
  it("tells version, run id and memory of a server that is right, and warns of nothing", async () => {
    const redisUrl = await ownRedis(
      "--appendonly yes",
      "--appendfsync always",
      "--maxmemory 100mb",
    );
    const report = await checkServer(observe(redisUrl));
    expect(report).toMatchObject({
      product: expect.stringMatching(/^(redis|valkey)$/) as string,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
      runId: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
      memoryBytesMax: 100 * 1024 * 1024,
      warnings: [],
    });
    const account = await freshAccount({ redisUrl });
    expect(account.server).toEqual(report);
    expect(account.queueBytesMax).toBe(Math.floor(100 * 1024 * 1024 * 0.7));
    expect((await freshAccount({ redisUrl, queueBytesMax: 5 })).queueBytesMax).toBe(5);
  });

  it("refuses a server that evicts keys, and names the setting", async () => {
    const redisUrl = await ownRedis("--maxmemory-policy allkeys-lru");
    await expect(openAccount({ redisUrl, account: "a" })).rejects.toThrow(
      'Cannot use a Redis with maxmemory-policy "allkeys-lru": it may evict records that were not delivered; ' +
        "set maxmemory-policy to noeviction",
    );
  });

  it("warns of what can be lost without an append-only file, or with a lazy one", async () => {
    const redisUrl = await ownRedis("--appendonly no");
    const eyes = observe(redisUrl);
    const [none] = (await checkServer(eyes)).warnings;
    expect(none).toMatch(/keeps no append-only file.*set appendonly yes and appendfsync always/);
    await eyes.config("SET", "appendonly", "yes");
    await eyes.config("SET", "appendfsync", "everysec");
    const { warnings } = await checkServer(eyes);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/appendfsync everysec.*the last second.*set appendfsync always/);
  });

  it.for([
    ["redis", "redis_version", "7.0.0"],
    ["redis", "redis_version", "7.2.4"],
    ["redis", "redis_version", "8.0.1"],
    ["redis", "redis_version", "10.0.0"],
    ["valkey", "valkey_version", "7.2.0"],
    ["valkey", "valkey_version", "8.1.0-rc2"],
  ] as const)("takes %s with %s %s", async ([product, field, version]) => {
    const fields = { redis_version: "7.2.4", maxmemory_policy: "noeviction", [field]: version };
    expect(await checkInfo(fields)).toMatchObject({ product, version });
  });

  it.for([
    ["redis", "redis_version", "6.2.14"],
    ["redis", "redis_version", "6.9.9"],
    ["redis", "redis_version", "5"],
    ["redis", "redis_version", "unknown"],
    ["valkey", "valkey_version", "7.1.9"],
  ] as const)("refuses %s with %s %s", async ([product, field, version]) => {
    const fields = { redis_version: "7.2.4", maxmemory_policy: "noeviction", [field]: version };
    await expect(checkInfo(fields)).rejects.toThrow(
      `Cannot use ${product} ${version}: Redis >= 7.0 or Valkey >= 7.2 is needed; upgrade the server`,
    );
  });

  it("does without CONFIG where the host forbids it", async () => {
    const fields = { redis_version: "7.2.4", maxmemory_policy: "noeviction", aof_enabled: "1" };
    expect(await checkInfo(fields)).toMatchObject({ warnings: [], memoryBytesMax: 0 });
  });
});

describe("parseInfo", () => {
  it("reads names and values, colons in values too, and passes over the rest", () => {
    const text = "# Server\r\nredis_version:7.0.15\r\n\r\nexecutable:/usr/bin:a\r\nempty:\r\n";
    expect([...parseInfo(text)]).toEqual([
      ["redis_version", "7.0.15"],
      ["executable", "/usr/bin:a"],
      ["empty", ""],
    ]);
  });
});
