import { createServer, type AddressInfo } from "node:net";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { openAccount, withoutPassword } from "./account.ts";
import { beat, settleCall } from "./budget.ts";
import { consumeBatches, consumeChunks } from "./consume.ts";
import { beginHold } from "./holds.ts";
import { Queues } from "./queues.ts";
import { sealRun } from "./runs.ts";
import { sweep } from "./sweep.ts";
import { deliverNext, freshAccount, load, openTestRun, store, takeBatch } from "./test-account.ts";
import { callOf, POLICY, reserveNow } from "./test-calls.ts";
import { observe, ownRedis } from "./test-server.ts";

describe("an account", () => {
  it("leaves only keys that carry its hash tag", async () => {
    // A server of its own, so that every key there is this account's.
    const redisUrl = await ownRedis();
    const account = await freshAccount({ redisUrl });
    await using queues = new Queues(account);
    await queues.governOutbound(2);
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "bad" });
    await deliverNext(account, "b");
    await load(account, run, { a: "2", c: "1", d: "1" });
    const batch = await takeBatch(account, { assetsMax: 2 });
    await load(account, run, { a: "3" });
    await settleCall(account, callOf({ call: await reserveNow(account), batch: batch.number }));
    await reserveNow(account, { sender: "other" });
    await store(account, run, 1);
    await sealRun(account, run);
    await sweep(account, queues, { chunkAgeMs: 0, batchAgeMs: 0 });
    await beginHold(account, { scope: "c", reason: "refused", durationMs: 1, message: "" });
    await beginHold(account, {
      scope: "account",
      reason: "operator",
      durationMs: null,
      message: "",
    });
    await beat(account, { id: "sender", leaseMs: 1_000, policy: POLICY });
    const quiet = { concurrency: 1, onError: () => {} };
    const handled = Promise.withResolvers<void>();
    await using _chunks = consumeChunks(account, "backfill", quiet, async () => handled.resolve());
    await using _batches = consumeBatches(account, quiet, async () => ({ kind: "done" }));
    await handled.promise;

    const keys = await observe(redisUrl).keys("*");
    expect(keys.length).toBeGreaterThan(20);
    expect(keys.filter((key) => !key.startsWith(`sluice:{${account.name}}:`))).toEqual([]);
  });

  it("is apart from the others on the same server", async () => {
    const [one, other] = [await freshAccount(), await freshAccount()];
    const run = await openTestRun(one);
    await load(one, run, { a: "1" });
    await expect(deliverNext(other)).rejects.toThrow("nothing was cut");
    expect(await deliverNext(one)).toEqual(["a 1"]);
  });

  it("is left alone when a newer version has written to it", async () => {
    const account = await freshAccount();
    expect(await account.client.get(account.key("schema"))).toBe("1");
    await observe(inject("redisUrl")).set(account.key("schema"), "2");
    const opened = openAccount({ redisUrl: inject("redisUrl"), account: account.name });
    await expect(opened).rejects.toThrow(
      `Cannot work on account "${account.name}": its data has layout 2, this version knows 1; upgrade this process`,
    );
    expect(await account.client.get(account.key("schema"))).toBe("2");
  });

  it.for(["", "a b", "a{b}", "a/b", "x".repeat(201)])("cannot be named %j", async (name) => {
    const opened = openAccount({ redisUrl: inject("redisUrl"), account: name });
    await expect(opened).rejects.toThrow(`Cannot use the account name "${name}"`);
  });
});

describe("opening an account", () => {
  it("fails with the address and the reason where no server is", async () => {
    const redisUrl = "redis://user:secret@127.0.0.1:1";
    const error: unknown = await openAccount({ redisUrl, account: "a", connectMs: 200 }).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).toMatch(
      /^Error: Cannot reach Redis at redis:\/\/\*\*\*@127\.0\.0\.1:1: .*ECONNREFUSED.*; check REDIS_URL$/,
    );
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("secret");
  });

  it("fails where something answers that is no Redis", async () => {
    const server = createServer((socket) => socket.on("error", () => {}));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const redisUrl = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const opened = openAccount({ redisUrl, account: "a", connectMs: 200 });
    await expect(opened).rejects.toThrow("no answer; check REDIS_URL");
  });

  it("never prints a password", () => {
    expect(withoutPassword("rediss://user:p%40ss@host:6380/1")).toBe("rediss://***@host:6380/1");
    expect(withoutPassword("redis://:secret@host")).toBe("redis://***@host");
    expect(withoutPassword("redis://host")).toBe("redis://host");
    expect(withoutPassword("redis://:s3@cret/x@host")).toBe("redis://***@host");
    expect(withoutPassword("redis://host?password=secret")).toBe("redis://host");
    expect(withoutPassword("/run/redis.sock")).toBe("/run/redis.sock");
  });
});
