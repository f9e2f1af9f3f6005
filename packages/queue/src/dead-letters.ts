import type { LetterContent } from "@sluice/inventory";
import type { Account } from "./account.ts";

/** A record that can't be delivered as it is, kept until someone decides. */
export interface DeadLetter extends LetterContent {
  /** 32 hex digits: of its key, or of its place where it has none. */
  id: string;
  connector: string;
  version: number;
  run: string;
  atMs: number;
}

/** Letters fetched at once: a command with more arguments than the stack has room for cannot be sent. */
const PAGE_LETTERS = 1_000;

/** The letters an operator still has to look at, the newest first. */
export async function listDeadLetters(
  account: Account,
  options: { connector?: string; limit?: number } = {},
): Promise<DeadLetter[]> {
  const connectors = options.connector ? [options.connector] : await connectorsOf(account);
  const limit = options.limit ?? 1_000;
  const lists = await Promise.all(connectors.map((one) => lettersOf(account, one, limit)));
  return lists
    .flat()
    .sort((a, b) => b.atMs - a.atMs)
    .slice(0, limit);
}

/** How many letters an operator still has to look at. */
export async function countDeadLetters(account: Account): Promise<number> {
  const connectors = await connectorsOf(account);
  const counts = await Promise.all(
    connectors.map((connector) => account.client.zcard(account.key(`dead:${connector}:at`))),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * The visible letters of that key; where there is none, those whose id begins with these eight or more hex digits.
 * Fewer would take many a short key for the beginning of somebody else's id.
 */
export async function findDeadLetters(account: Account, idOrKey: string): Promise<DeadLetter[]> {
  const letters = await listDeadLetters(account, { limit: Number.MAX_SAFE_INTEGER });
  const ofKey = letters.filter(({ key }) => key === idOrKey);
  if (ofKey.length > 0 || !/^[0-9a-f]{8,32}$/.test(idOrKey)) return ofKey;
  return letters.filter(({ id }) => id.startsWith(idOrKey));
}

/** Takes letters off the list. Content that Qualys refused stays known as refused, so that it is not tried again. */
export async function discardDeadLetters(
  account: Account,
  letters: readonly DeadLetter[],
): Promise<void> {
  const pipeline = account.client.pipeline();
  for (const { id, connector } of letters) {
    const field = Buffer.from(id, "hex");
    pipeline.zrem(account.key(`dead:${connector}:at`), field);
    pipeline.hdel(account.key(`dead:${connector}`), field);
  }
  await pipeline.exec();
}

/** Lets content that Qualys refused be sent again. The letters stay until it is delivered, or refused once more. */
export async function forgetRefusals(
  account: Account,
  letters: readonly DeadLetter[],
): Promise<void> {
  const pipeline = account.client.pipeline();
  for (const { id, connector } of letters) {
    pipeline.hdel(account.key(`refused:${connector}`), Buffer.from(id, "hex"));
  }
  await pipeline.exec();
}

async function connectorsOf(account: Account): Promise<string[]> {
  return await account.client.smembers(account.key("connectors"));
}

async function lettersOf(
  account: Account,
  connector: string,
  limit: number,
): Promise<DeadLetter[]> {
  const key = account.key(`dead:${connector}`);
  const members = await account.client.zrevrangeBuffer(`${key}:at`, 0, limit - 1, "WITHSCORES");
  const letters: DeadLetter[] = [];
  for (let at = 0; at < members.length; at += 2 * PAGE_LETTERS) {
    const page = members.slice(at, at + 2 * PAGE_LETTERS);
    const ids = page.filter((_, index) => index % 2 === 0);
    const values = await account.client.hmget(key, ...ids);
    values.forEach((value, index) => {
      const id = ids[index]?.toString("hex") ?? "";
      const atMs = Number(page[index * 2 + 1]?.toString());
      if (value !== null) letters.push(parseLetter(value, { id, connector, atMs }));
    });
  }
  return letters;
}

function parseLetter(
  value: string,
  place: { id: string; connector: string; atMs: number },
): DeadLetter {
  const end = value.indexOf("\n");
  const content = JSON.parse(value.slice(end + 1)) as LetterContent;
  const [version = "0", , run = ""] = value.slice(0, end).split(" ");
  return { ...place, version: Number(version), run, ...content };
}
