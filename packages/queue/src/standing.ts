import type { Account } from "./account.ts";
import { look } from "./governor.ts";

/** Whether there is an asset of the connector that Qualys took, or an operator has vouched for it. */
export async function isTrusted(account: Account, connector: string): Promise<boolean> {
  return (await look(account, connector)).standing.isTrusted;
}

/** How many different assets of the connector Qualys has accepted, ever. */
export async function countDelivered(account: Account, connector: string): Promise<number> {
  return Number(await account.client.hget(account.key(`ledger:${connector}`), "n"));
}
