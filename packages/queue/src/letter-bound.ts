import { endHold, type NewHold } from "@sluice/governor";
import type { Account } from "./account.ts";
import { govern } from "./governor.ts";
import { beginHold } from "./holds.ts";

export type { NewHold };

const REASON = "dead-letters";
/** So many bytes a letter, on the average, when there are as many as may be. */
const LETTER_BYTES_MEAN = 2_560;

/**
 * Holds a connector that has as many dead letters as it may: they would fill Redis, and something is wrong that no sending
 * puts right. Returns the hold when it is new.
 */
export async function holdAtLetterBound(
  account: Account,
  connector: string,
): Promise<NewHold | null> {
  const { letters, bytes, allowed } = await countLetters(account, connector);
  if (!isAtBound(account, { letters, bytes, allowed })) return null;
  const hold: NewHold = {
    scope: connector,
    reason: REASON,
    durationMs: null,
    message:
      `${letters.toLocaleString("en-US")} dead letters wait for you: see sluice dead list, then sluice dead replay ` +
      `or sluice dead discard; sluice resume lets as many more come`,
  };
  return (await beginHold(account, hold)) ? hold : null;
}

/** Ends that hold when letters have gone. Returns whether there was one to end. */
export async function endHoldBelowLetterBound(
  account: Account,
  connector: string,
): Promise<boolean> {
  const { letters, bytes } = await countLetters(account, connector);
  const allowed = { letters: 0, bytes: 0 };
  if (isAtBound(account, { letters, bytes, allowed })) return false;
  await account.client.hdel(account.key(`connector:${connector}`), "deadAllowed");
  return await govern(account, "", ({ state: before, nowMs }) => {
    const state = endHold(before, nowMs, "room", `${connector} ${REASON}`);
    const isEnded = state !== before;
    return { state: isEnded ? state : null, result: isEnded, isFreed: isEnded };
  });
}

/** From now on a connector may have as many letters more as it may have anyway: somebody has looked at these. */
export async function allowMoreLetters(account: Account, connector: string): Promise<void> {
  const { letters, bytes } = await countLetters(account, connector);
  await account.client.hset(
    account.key(`connector:${connector}`),
    "deadAllowed",
    `${letters} ${bytes}`,
  );
}

/** Whether the connector of this chunk has too many dead letters, so that the chunk has to wait. */
export async function isHeldForLetters(account: Account, sequence: number): Promise<boolean> {
  const [connector, holds] = await Promise.all([
    account.client.hget(account.key(`chunk:${sequence}`), "c"),
    account.client.hget(account.key("governor"), "holds"),
  ]);
  if (connector === null || holds === null) return false;
  return Object.hasOwn(JSON.parse(holds) as object, `${connector} ${REASON}`);
}

interface Letters {
  letters: number;
  bytes: number;
}

async function countLetters(
  account: Account,
  connector: string,
): Promise<Letters & { allowed: Letters }> {
  const [letters, fields] = await Promise.all([
    account.client.zcard(account.key(`dead:${connector}:at`)),
    account.client.hmget(account.key(`connector:${connector}`), "deadBytes", "deadAllowed"),
  ]);
  const [allowed = 0, allowedBytes = 0] = (fields[1] ?? "0 0").split(" ").map(Number);
  return {
    letters,
    bytes: Number(fields[0] ?? 0),
    allowed: { letters: allowed, bytes: allowedBytes },
  };
}

function isAtBound(
  { deadLettersMax }: Account,
  { letters, bytes, allowed }: Letters & { allowed: Letters },
): boolean {
  return (
    letters >= allowed.letters + deadLettersMax ||
    bytes >= allowed.bytes + deadLettersMax * LETTER_BYTES_MEAN
  );
}
