import { describe, expect, it } from "vitest";
import {
  countDeadLetters,
  findDeadLetters,
  listDeadLetters,
  discardDeadLetters,
  scanDeadLetters,
  type LetterFilter,
  forgetRefusals,
} from "./dead-letters.ts";
import { settle } from "./outbox.ts";
import {
  deliverNext,
  freshAccount,
  idOf,
  letterOf,
  load,
  openTestRun,
  store,
} from "./test-account.ts";
import { versionOf } from "@sluice/inventory";
import type { Account } from "./account.ts";

/** Buries a record of each key, one chunk each, in that order. */
async function bury(account: Account, run: string, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    const sequence = await store(account, run, 1);
    const dead = [{ id: idOf(key), version: versionOf(sequence, 0), letter: letterOf(key) }];
    await settle(account, sequence, { assets: [], dead, coalesced: 0, warnings: {} });
  }
}

/** As if the letters had been written a second apart, in that order. */
async function spread(account: Account, keys: readonly string[], connector = "connector") {
  for (const [index, key] of keys.entries()) {
    await account.client.zadd(account.key(`dead:${connector}:at`), index * 1_000, idOf(key));
  }
}

describe("dead letters", () => {
  it("are listed with all that is known, the newest first, over all connectors", async () => {
    const account = await freshAccount();
    const here = await openTestRun(account);
    const there = await openTestRun(account, "live", "elsewhere");
    await bury(account, here, ["a", "b"]);
    await bury(account, there, ["c"]);
    await spread(account, ["a", "-", "b"]);
    await spread(account, ["-", "c"], "elsewhere");
    await account.client.zrem(account.key("dead:connector:at"), idOf("-"));
    await account.client.zrem(account.key("dead:elsewhere:at"), idOf("-"));
    const letters = await listDeadLetters(account);
    expect(letters.map(({ key }) => key)).toEqual(["b", "c", "a"]);
    expect(letters[1]).toEqual({
      ...letterOf("c"),
      id: idOf("c").toString("hex"),
      connector: "elsewhere",
      run: there,
      version: versionOf(3, 0),
      atMs: 1_000,
    });
    expect(await countDeadLetters(account)).toBe(3);
    const limited = await listDeadLetters(account, { limit: 2 });
    expect(limited.map(({ key }) => key)).toEqual(["b", "c"]);
    const one = await listDeadLetters(account, { connector: "elsewhere" });
    expect(one.map(({ key }) => key)).toEqual(["c"]);
  });

  it("are none at first", async () => {
    const account = await freshAccount();
    expect(await listDeadLetters(account)).toEqual([]);
    expect(await countDeadLetters(account)).toBe(0);
    expect(await findDeadLetters(account, "a")).toEqual([]);
  });

  it("are found by their key, and by the beginning of their id", async () => {
    const account = await freshAccount();
    await bury(account, await openTestRun(account), ["a", "b"]);
    const id = idOf("b").toString("hex");
    for (const name of ["b", id, id.slice(0, 8)]) {
      expect((await findDeadLetters(account, name)).map(({ key }) => key)).toEqual(["b"]);
    }
    expect(await findDeadLetters(account, "c")).toEqual([]);
  });

  it("are not found by a short key that another one's id begins with", async () => {
    const account = await freshAccount();
    const [prefix, long] = ["ca", idOf("a").toString("hex").slice(0, 8)];
    expect(long.startsWith(prefix)).toBe(true);
    await bury(account, await openTestRun(account), ["a", prefix]);
    expect((await findDeadLetters(account, prefix)).map(({ key }) => key)).toEqual([prefix]);
    expect((await findDeadLetters(account, "c")).map(({ key }) => key)).toEqual([]);
    await bury(account, await openTestRun(account), [long]);
    expect((await findDeadLetters(account, long)).map(({ key }) => key)).toEqual([long]);
  });

  it("are found among so many that one command could not name them all", async () => {
    const account = await freshAccount();
    await openTestRun(account);
    const letter = Buffer.from(`1 - run\n${JSON.stringify(letterOf("many"))}`);
    const count = 150_000;
    for (let at = 0; at < count; at += 10_000) {
      const ids = Array.from({ length: 10_000 }, (_, index) => idOf(`key-${at + index}`));
      const fields = ids.flatMap((id) => [id, letter]);
      const scores = ids.flatMap((id, index) => [at + index, id]);
      await account.client.hset(account.key("dead:connector"), ...fields);
      await account.client.zadd(account.key("dead:connector:at"), ...scores);
    }
    expect(await countDeadLetters(account)).toBe(count);
    expect(await listDeadLetters(account)).toHaveLength(1_000);
    const found = await findDeadLetters(account, idOf("key-75000").toString("hex"));
    expect(found.map(({ atMs }) => atMs)).toEqual([75_000]);
  });

  it("keep their text, whatever it is", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const sequence = await store(account, run, 1);
    const letter = {
      ...letterOf("a"),
      key: null,
      raw: 'line\nend "é" \u2028 😀',
      message: "no\nkey",
    };
    const dead = [{ id: idOf("a"), version: versionOf(sequence, 0), letter }];
    await settle(account, sequence, { assets: [], dead, coalesced: 0, warnings: {} });
    expect(await listDeadLetters(account)).toMatchObject([letter]);
  });

  it("are gone when discarded, and their content stays known as refused", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "bad" });
    await deliverNext(account, "a");
    await discardDeadLetters(account, await listDeadLetters(account));
    expect(await listDeadLetters(account)).toEqual([]);
    expect(await countDeadLetters(account)).toBe(0);
    expect(await load(account, run, { a: "bad" })).toMatchObject({ dead: 1, waiting: 0 });
    expect(await countDeadLetters(account)).toBe(1);
  });

  it("written anew since they were read are not discarded", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await bury(account, run, ["a", "b"]);
    const read = await listDeadLetters(account);
    await bury(account, await openTestRun(account), ["a"]);
    expect(await discardDeadLetters(account, read)).toBe(1);
    expect((await listDeadLetters(account)).map(({ key }) => key)).toEqual(["a"]);
    expect(await discardDeadLetters(account, read)).toBe(0);
  });

  it("are read page by page: those that are meant, and none that comes meanwhile", async () => {
    const account = await freshAccount();
    const here = await openTestRun(account);
    const there = await openTestRun(account, "live", "elsewhere");
    await bury(account, here, ["a", "b"]);
    await bury(account, there, ["c"]);
    const keysOf = async (filter: LetterFilter) => {
      const keys: (string | null)[] = [];
      for await (const letters of scanDeadLetters(account, filter)) {
        keys.push(...letters.map(({ key }) => key));
      }
      return new Set(keys);
    };
    expect(await keysOf({})).toEqual(new Set(["a", "b", "c"]));
    expect(await keysOf({ connector: "elsewhere" })).toEqual(new Set(["c"]));
    expect(await keysOf({ run: here })).toEqual(new Set(["a", "b"]));
    expect(await keysOf({ reason: "refused", run: there })).toEqual(new Set(["c"]));
    expect(await keysOf({ reason: "schema" })).toEqual(new Set([]));
    const [later = 0] = await account.client.time();
    await account.client.zadd(account.key("dead:connector:at"), (later + 60) * 1_000, idOf("b"));
    expect(await keysOf({})).toEqual(new Set(["a", "c"]));
  });

  it("may be sent again when the refusal is forgotten, and stay until that is delivered", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "bad", b: "bad" });
    await deliverNext(account, "a", "b");
    await forgetRefusals(account, await findDeadLetters(account, "a"));
    expect(await countDeadLetters(account)).toBe(2);
    expect(await load(account, run, { a: "bad", b: "bad" })).toMatchObject({ dead: 1, waiting: 1 });
    expect(await deliverNext(account)).toEqual(["a bad"]);
    expect((await listDeadLetters(account)).map(({ key }) => key)).toEqual(["b"]);
  });

  it.for([
    ["refused", "are forgotten with their refusals", 0],
    ["too-large", "are forgotten with their refusals", 0],
    ["schema", "leave what is known of refusals as it is", 1],
    ["malformed", "leave what is known of refusals as it is", 1],
  ] as const)("of reason %s %s", async ([reason, , dead]) => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "bad" });
    await deliverNext(account, "a");
    const [letter] = await findDeadLetters(account, "a");
    if (letter === undefined) throw new Error("no letter");
    await forgetRefusals(account, [{ ...letter, reason }]);
    expect(await load(account, run, { a: "bad" })).toMatchObject({ dead });
  });

  it("go by themselves when a newer version is delivered, and not with an older one", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    await bury(account, run, ["a"]);
    await deliverNext(account);
    expect(await countDeadLetters(account)).toBe(1);
    await load(account, run, { a: "2" });
    await deliverNext(account);
    expect(await listDeadLetters(account)).toEqual([]);
    expect(await countDeadLetters(account)).toBe(0);
  });

  it("go when a newer version turns out to be what Qualys has already", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1" });
    await deliverNext(account);
    await bury(account, run, ["a"]);
    expect(await load(account, run, { a: "1" })).toMatchObject({ unchanged: 1 });
    expect(await listDeadLetters(account)).toEqual([]);
  });
});
