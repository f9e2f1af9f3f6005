import { describe, expect, it, vi } from "vitest";
import type { Account } from "./account.ts";
import { RecentSegments } from "./recent-segments.ts";
import { freshAccount, load, openTestRun } from "./test-account.ts";

/** What a look reads of Redis, by the names of the fields. */
function watchReads(account: Account): string[] {
  const reads: string[] = [];
  const read = account.client.hmgetBuffer.bind(account.client);
  vi.spyOn(account.client, "hmgetBuffer").mockImplementation(async (...[key, ...fields]) => {
    reads.push(fields.join(" "));
    return await read(key, ...(fields as string[]));
  });
  return reads;
}

function textsOf(assets: readonly Buffer[] | null): string[] | null {
  return assets && assets.map(String);
}

describe("the recent segments", () => {
  it("are read and unpacked once", async () => {
    const account = await freshAccount();
    await load(account, await openTestRun(account), { a: "1", b: "1" });
    const recent = new RecentSegments(account);
    const reads = watchReads(account);
    const first = await recent.load(1);
    expect(textsOf(first)).toEqual(['{"key":"a","content":"1"}', '{"key":"b","content":"1"}']);
    expect(await recent.load(1)).toBe(first);
    expect(reads).toEqual(["r at b", "r at"]);
  });

  it("are not mistaken for others of their number, after a flush", async () => {
    const account = await freshAccount();
    await load(account, await openTestRun(account), { a: "1" });
    const recent = new RecentSegments(account);
    await recent.load(1);
    await account.client.unlink(...(await account.client.keys(account.key("*"))));
    expect(await recent.load(1)).toBeNull();
    await load(account, await openTestRun(account), { z: "1" });
    expect(textsOf(await recent.load(1))).toEqual(['{"key":"z","content":"1"}']);
  });

  it("are let go of, the oldest first, beyond what may be kept", async () => {
    const account = await freshAccount();
    const run = await openTestRun(account);
    for (const key of ["a", "b", "c"]) await load(account, run, { [key]: "x".repeat(1_500_000) });
    await load(account, run, { large: "x".repeat(5_000_000) });
    const recent = new RecentSegments(account);
    const reads = watchReads(account);
    for (const segment of [1, 2, 1, 3, 1, 2, 4, 4]) await recent.load(segment);
    const isKept = reads.map((fields) => fields === "r at");
    expect(isKept).toEqual([false, false, true, false, true, false, false, false]);
  });
});
