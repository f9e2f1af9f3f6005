import type { GovernorState } from "@sluice/governor";
import type { Account } from "@sluice/queue";
import type { SandboxCall } from "@sluice/sandbox";
import type { SluiceProcess } from "../support/processes.ts";
import { waitFor } from "../support/wait-for.ts";

const LOOK_MS = 2;

/** Kills the sender that has a call in flight, in the midst of it. Returns who, and when that was. */
export async function killSending(
  account: Account,
  senders: readonly SluiceProcess[],
): Promise<{ killed: SluiceProcess; atMs: number }> {
  const look = () => senderInCall(account, senders);
  const killed = await waitFor("a call in flight", look, { everyMs: LOOK_MS });
  const atMs = Date.now();
  await killed.kill();
  return { killed, atMs };
}

/** A slot's sender is named after its host and process. */
async function senderInCall(
  account: Account,
  senders: readonly SluiceProcess[],
): Promise<SluiceProcess | undefined> {
  const text = (await account.client.hget(account.key("governor"), "state")) ?? "{}";
  const { slots = {} } = JSON.parse(text) as Partial<GovernorState>;
  const names = Object.values(slots).map(({ sender }) => sender);
  return senders.find(({ pid }) => names.some((name) => name.includes(`-${pid}-`)));
}

/** How long after each kill the next call came that was answered; null when none did. The dead sender's own never was. */
export function silences(
  ledger: readonly SandboxCall[],
  killsMs: readonly number[],
): (number | null)[] {
  return killsMs.map((killedAtMs) => {
    const next = ledger.find(({ atMs, status }) => atMs > killedAtMs && status === 200);
    return next === undefined ? null : Math.round(next.atMs - killedAtMs);
  });
}
