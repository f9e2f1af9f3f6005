import type { Account } from "./account.ts";

/** Whether Qualys ever took anything of the connector, or an operator has vouched for it. */
export async function isTrusted(account: Account, connector: string): Promise<boolean> {
  return (await account.client.hget(account.key(`connector:${connector}`), "trusted")) === "1";
}
