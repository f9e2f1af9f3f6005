import { describe, expect, inject, it } from "vitest";
import { openAccount, type Account } from "./account.ts";
import { compareAssets, learnedBytesMax } from "./compare.ts";
import {
  assetOf,
  CONNECTOR,
  deliverNext,
  freshAccount,
  load,
  openTestRun,
  takeBatch,
} from "./test-account.ts";

async function compared(account: Account, contents: Readonly<Record<string, string>>) {
  const assets = Object.entries(contents).map(([key, content]) => assetOf(key, content, 0));
  const standings = await compareAssets(account, CONNECTOR, assets);
  return standings.map(({ fate, onItsWay }) => (onItsWay ? `${fate}, ${onItsWay}` : fate));
}

/** Every key, with the bytes of its value. */
async function contentOf({ client, base }: Account): Promise<string[]> {
  const keys = (await client.keys(`${base}*`)).sort();
  const dumps = await Promise.all(keys.map((key) => client.dumpBuffer(key)));
  return keys.map((key, index) => `${key} ${dumps[index]?.toString("base64")}`);
}

describe("compareAssets", () => {
  it("tells new, changed, unchanged and refused ones, and where older versions are", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { sent: "1", changed: "1", refused: "bad", mended: "bad" });
    await deliverNext(account, "refused", "mended");
    await load(account, run, { flying: "1" });
    await takeBatch(account);
    await load(account, run, { waiting: "1", changed: "2" });
    expect(
      await compared(account, {
        sent: "1",
        changed: "3",
        refused: "bad",
        mended: "good",
        flying: "2",
        waiting: "2",
        unheard: "1",
      }),
    ).toEqual([
      "unchanged",
      "changed, waiting",
      "dead",
      "new",
      "new, in-flight",
      "new, waiting",
      "new",
    ]);
    expect(await compareAssets(account, "another", [assetOf("sent", "1", 0)])).toEqual([
      { fate: "new", onItsWay: null },
    ]);
  });

  it("foretells what settling decides, for a thousand at once", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    const contents = (version: (index: number) => string) =>
      Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`key-${i}`, version(i)]));
    await load(
      account,
      run,
      contents(() => "1"),
    );
    for (let calls = 0; calls < 10; calls += 1) await deliverNext(account);
    const next = contents((index) => (index % 4 === 0 ? "2" : "1"));
    const fates = await compared(account, next);
    expect(fates.filter((fate) => fate === "changed")).toHaveLength(250);
    expect(await load(account, run, next)).toMatchObject({ waiting: 250, unchanged: 750 });
  });

  it("leaves everything as it is, and an account that nobody used without a key", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    await load(account, run, { a: "1", b: "1" });
    await deliverNext(account, "b");
    const before = await contentOf(account);
    expect(await compared(account, { a: "1", b: "1", c: "1" })).toEqual([
      "unchanged",
      "dead",
      "new",
    ]);
    expect(await learnedBytesMax(account, CONNECTOR)).toBeNull();
    expect(await contentOf(account)).toEqual(before);

    const unused = { redisUrl: inject("redisUrl"), account: `${account.name}-unused` };
    await using other = await openAccount({ ...unused, isReadOnly: true });
    expect(await compared(other, { a: "1" })).toEqual(["new"]);
    expect(await contentOf(other)).toEqual([]);
  });
});

describe("learnedBytesMax", () => {
  it("is what a refusal of a large body has taught", async () => {
    const account = await freshAccount();
    await account.client.hset(account.key(`connector:${CONNECTOR}`), "bytesMax", 54_321);
    expect(await learnedBytesMax(account, CONNECTOR)).toBe(54_321);
  });
});
