import { versionOf } from "@sluice/inventory";
import { describe, expect, it } from "vitest";
import type { Account } from "./account.ts";
import { discardDeadLetters, listDeadLetters } from "./dead-letters.ts";
import { readHolds } from "./holds.ts";
import {
  allowMoreLetters,
  endHoldBelowLetterBound,
  holdAtLetterBound,
  isHeldForLetters,
} from "./letter-bound.ts";
import { settle } from "./outbox.ts";
import { CONNECTOR, freshAccount, idOf, letterOf, openTestRun, store } from "./test-account.ts";

/** Buries so many records of a size, in one chunk. */
async function bury(account: Account, keys: readonly string[], rawChars = 2): Promise<void> {
  const sequence = await store(account, await openTestRun(account), keys.length);
  const dead = keys.map((key, index) => ({
    id: idOf(key),
    version: versionOf(sequence, index),
    letter: { ...letterOf(key), raw: "x".repeat(rawChars) },
  }));
  await settle(account, sequence, { assets: [], dead, coalesced: 0, warnings: {} });
}

async function reasons(account: Account): Promise<string[]> {
  return (await readHolds(account)).map(({ scope, reason }) => `${scope} ${reason}`);
}

async function letterBytes(account: Account): Promise<number> {
  return Number(await account.client.hget(account.key(`connector:${CONNECTOR}`), "deadBytes"));
}

describe("the bound of dead letters", () => {
  it("holds the connector once it is reached, and not before", async () => {
    const account = await freshAccount({ deadLettersMax: 3 });
    await bury(account, ["a", "b"]);
    expect(await holdAtLetterBound(account, CONNECTOR)).toBeNull();
    await bury(account, ["a", "c"]);
    expect(await holdAtLetterBound(account, CONNECTOR)).toMatchObject({
      scope: CONNECTOR,
      reason: "dead-letters",
      durationMs: null,
      message: expect.stringContaining("3 dead letters wait for you: see sluice dead list"),
    });
    expect(await reasons(account)).toEqual([`${CONNECTOR} dead-letters`]);
    expect(await holdAtLetterBound(account, CONNECTOR)).toBeNull();
  });

  it("is one of bytes, too, that letters take and give back", async () => {
    const account = await freshAccount({ deadLettersMax: 10 });
    await bury(account, ["a"], 30_000);
    expect(await holdAtLetterBound(account, CONNECTOR)).not.toBeNull();
    expect(await letterBytes(account)).toBeGreaterThan(30_000);
    await bury(account, ["a"], 10);
    expect(await letterBytes(account)).toBeLessThan(1_000);
    await discardDeadLetters(account, await listDeadLetters(account));
    expect(await letterBytes(account)).toBe(0);
  });

  it("makes the chunks of that connector wait, and no others", async () => {
    const account = await freshAccount({ deadLettersMax: 1 });
    const here = await store(account, await openTestRun(account), 1);
    const there = await store(account, await openTestRun(account, "live", "elsewhere"), 1);
    expect(await isHeldForLetters(account, here)).toBe(false);
    await bury(account, ["a"]);
    await holdAtLetterBound(account, CONNECTOR);
    expect(await isHeldForLetters(account, here)).toBe(true);
    expect(await isHeldForLetters(account, there)).toBe(false);
    expect(await isHeldForLetters(account, 99)).toBe(false);
  });

  it("lets the connector go on when letters have gone, and its other holds stay", async () => {
    const account = await freshAccount({ deadLettersMax: 2 });
    await bury(account, ["a", "b"]);
    await holdAtLetterBound(account, CONNECTOR);
    expect(await endHoldBelowLetterBound(account, CONNECTOR)).toBe(false);
    const [newest] = await listDeadLetters(account, { limit: 1 });
    await discardDeadLetters(account, newest ? [newest] : []);
    expect(await endHoldBelowLetterBound(account, CONNECTOR)).toBe(true);
    expect(await reasons(account)).toEqual([]);
    expect(await endHoldBelowLetterBound(account, CONNECTOR)).toBe(false);
  });

  it("lets as many more letters come when an operator says so, until there are few again", async () => {
    const account = await freshAccount({ deadLettersMax: 2 });
    await bury(account, ["a", "b"]);
    await allowMoreLetters(account, CONNECTOR);
    await bury(account, ["c"]);
    expect(await holdAtLetterBound(account, CONNECTOR)).toBeNull();
    await bury(account, ["d"]);
    expect(await holdAtLetterBound(account, CONNECTOR)).not.toBeNull();
    await discardDeadLetters(account, await listDeadLetters(account));
    expect(await endHoldBelowLetterBound(account, CONNECTOR)).toBe(true);
    await bury(account, ["e", "f"]);
    expect(await holdAtLetterBound(account, CONNECTOR)).not.toBeNull();
  });
});
