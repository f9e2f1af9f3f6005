import { describe, expect, it } from "vitest";
import { freshAccount, openTestRun, settleAs, store } from "./test-account.ts";
import { beginTry, noteDeath, readDeaths } from "./tries.ts";

describe("what is noted of a chunk that nobody settles", () => {
  it("is how often it was taken up, and how its records ended their process", async () => {
    const account = await freshAccount();
    const sequence = await store(account, await openTestRun(account), 3);
    expect(await beginTry(account, sequence)).toBe(1);
    expect(await beginTry(account, sequence)).toBe(2);
    expect(await noteDeath(account, sequence, 1, "it was slow")).toBe(1);
    expect(await noteDeath(account, sequence, 1, "it took\ntoo much")).toBe(2);
    expect(await readDeaths(account, sequence, 3)).toEqual([
      { count: 0, how: "" },
      { count: 2, how: "it took\ntoo much" },
      { count: 0, how: "" },
    ]);
  });

  it("goes with the chunk, and does not come back", async () => {
    const account = await freshAccount();
    const sequence = await store(account, await openTestRun(account), 1);
    await beginTry(account, sequence);
    await settleAs(account, sequence, { a: "1" });
    expect(await beginTry(account, sequence)).toBe(0);
    expect(await noteDeath(account, sequence, 0, "late")).toBe(0);
    expect(await account.client.exists(account.key(`chunk:${sequence}`))).toBe(0);
    expect(await readDeaths(account, sequence, 1)).toEqual([{ count: 0, how: "" }]);
  });
});
