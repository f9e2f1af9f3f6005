import { defaultPolicy, emptyReading, type Policy, type Reading } from "@sluice/governor";
import type { Account } from "./account.ts";
import { reserveCall, type MadeCall, type Permit, type ReserveOptions } from "./budget.ts";
import { CONNECTOR } from "./test-account.ts";

/** Limits that never matter, but for what is given. */
export const POLICY: Policy = {
  ...defaultPolicy,
  pacing: "burst",
  fallback: { limit: 1_000, windowMs: 60_000, concurrency: 1_000 },
};

type ReserveFacts = Partial<Omit<ReserveOptions, "policy">> & { policy?: Partial<Policy> };

/** What a test says of a call; the rest is an accepted one whose answer said nothing. */
export type CallFacts = Partial<Omit<MadeCall, "reading">> & { reading?: Partial<Reading> };

export function callOf({ reading, ...facts }: CallFacts): MadeCall {
  return {
    call: 0,
    batch: 0,
    connector: CONNECTOR,
    outcome: "accepted",
    cause: "rate",
    status: 200,
    message: "",
    mayBeBatch: false,
    isCanary: false,
    isSuspect: false,
    failures: null,
    assets: 1,
    elapsedMs: 1,
    chance: 0,
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
export async function reserveWith(account: Account, options: ReserveFacts = {}): Promise<Permit> {
  return await reserveCall(account, {
    sender: "sender",
    leaseMs: 60_000,
    connector: CONNECTOR,
    lane: "backfill",
    callMsMax: 60_000,
    isSuspect: false,
    ...options,
    policy: { ...POLICY, ...options.policy },
  });
}

/** Reserves a call that must be possible now. Returns its number. */
export async function reserveNow(account: Account, options?: ReserveFacts): Promise<number> {
  const permit = await reserveWith(account, options);
  if (permit.kind !== "go") throw new Error(`no call may be made: ${JSON.stringify(permit)}`);
  return permit.call;
}
