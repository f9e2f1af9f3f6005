import { endHoldBelowLetterBound } from "@sluice/queue";
import type { Session } from "../session.ts";

/** Lets connectors go on that were held for too many dead letters, where enough of those are gone. */
export async function letMoreLettersCome(
  { account, queues }: Session,
  connectors: Iterable<string>,
): Promise<void> {
  let isAnyEnded = false;
  for (const connector of connectors) {
    isAnyEnded = (await endHoldBelowLetterBound(account, connector)) || isAnyEnded;
  }
  if (isAnyEnded) await queues.promoteDelayed();
}
