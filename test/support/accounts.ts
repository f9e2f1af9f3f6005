import { randomBytes } from "node:crypto";
import { openAccount, type Account } from "@sluice/queue";
import { inject } from "vitest";

/** An account of its own for one test, on the tests' Redis unless told another. */
export async function freshAccount(redisUrl: string = inject("redisUrl")): Promise<Account> {
  const account = `test-${randomBytes(6).toString("hex")}`;
  return await openAccount({ redisUrl, account });
}

/** Removes all keys of an account. */
export async function forgetAccount(account: Account): Promise<void> {
  const keys = await account.client.keys(`${account.base}*`);
  if (keys.length > 0) await account.client.unlink(...keys);
}
