import { emptyReading, type Reading } from "@sluice/governor";
import type { Account } from "./account.ts";
import { reserveCall, type MadeCall, type Permit, type ReserveOptions } from "./budget.ts";
import { CONNECTOR } from "./test-account.ts";

/** What a test says of a call; the rest is an accepted one whose answer said nothing. */
export type CallFacts = Partial<Omit<MadeCall, "reading">> & { reading?: Partial<Reading> };

export function callOf({ reading, ...facts }: CallFacts): MadeCall {
  return {
    call: 0,
    batch: 0,
    outcome: "accepted",
    isCounted: true,
    hold: null,
    bytesMax: null,
    entry: {
      atMs: 0,
      requestId: "r",
      status: 200,
      assets: 1,
      elapsedMs: 1,
      verdict: facts.outcome ?? "accepted",
      message: "",
    },
    ...facts,
    reading: { ...emptyReading, ...reading },
  };
}

/** Asks for a call with leases and a fallback that never matter, but for what is given. */
export async function reserveWith(
  account: Account,
  options: Partial<ReserveOptions> = {},
): Promise<Permit> {
  return await reserveCall(account, {
    sender: "sender",
    leaseMs: 60_000,
    connector: CONNECTOR,
    callsReserved: 0,
    callMsMax: 60_000,
    fallback: { limit: 1_000, windowMs: 60_000, concurrency: 1_000 },
    ...options,
  });
}

/** Reserves a call that must be possible now. Returns its number. */
export async function reserveNow(
  account: Account,
  options?: Partial<ReserveOptions>,
): Promise<number> {
  const permit = await reserveWith(account, options);
  if (permit.kind !== "go") throw new Error(`no call may be made: ${JSON.stringify(permit)}`);
  return permit.call;
}
