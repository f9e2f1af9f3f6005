import { assetId, type LetterContent } from "@sluice/inventory";
import type { Account } from "./account.ts";
import { look } from "./governor.ts";

/** A record that can't be delivered as it is, kept until someone decides. */
export interface DeadLetter extends LetterContent {
  /** 32 hex digits: of its key, or of its place where it has none. */
  id: string;
  connector: string;
  version: number;
  run: string;
  atMs: number;
}

/** Which letters are meant; what is left out does not matter. */
export interface LetterFilter {
  connector?: string;
  run?: string;
  reason?: string;
}

/** Letters read at once: by the size of those before them, as one may be more than a megabyte. */
const PAGE_LETTERS_MAX = 1_000;
const PAGE_LETTERS_MIN = 10;
const PAGE_CHARS = 2_000_000;
const FOUND_MAX = 100;

/**
 * The letters an operator still has to look at, page by page in no order, however many there are: those that are there
 * when it begins and stay. One may come twice while others are taken away.
 */
export async function* scanDeadLetters(
  account: Account,
  { connector: only, run, reason }: LetterFilter = {},
): AsyncGenerator<DeadLetter[]> {
  const { nowMs } = await look(account);
  for (const connector of only === undefined ? await connectorsOf(account) : [only]) {
    for await (const entries of scanEntries(account, connector)) {
      const known = entries.filter(({ atMs }) => atMs <= nowMs);
      for await (const letters of loadInPages(account, connector, known)) {
        yield letters.filter(
          (letter) =>
            (run === undefined || letter.run === run) &&
            (reason === undefined || letter.reason === reason),
        );
      }
    }
  }
}

/** The newest letters an operator still has to look at, the newest first. */
export async function listDeadLetters(
  account: Account,
  options: { connector?: string; limit?: number } = {},
): Promise<DeadLetter[]> {
  const limit = options.limit ?? 1_000;
  const connectors = options.connector ? [options.connector] : await connectorsOf(account);
  const lists = await Promise.all(
    connectors.map((connector) => newestLetters(account, connector, limit)),
  );
  return lists
    .flat()
    .sort((a, b) => b.atMs - a.atMs)
    .slice(0, limit);
}

/** How many letters an operator still has to look at, of all connectors or of one. */
export async function countDeadLetters(account: Account, connector?: string): Promise<number> {
  const connectors = connector ? [connector] : await connectorsOf(account);
  const counts = await Promise.all(
    connectors.map((connector) => account.client.zcard(account.key(`dead:${connector}:at`))),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * The visible letters of that key; where there is none, up to a hundred whose id begins with these eight or more hex digits.
 * Fewer would take many a short key for the beginning of somebody else's id.
 */
export async function findDeadLetters(account: Account, idOrKey: string): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  const isId = /^[0-9a-f]{8,32}$/.test(idOrKey);
  const ofKey: Entry = { id: assetId(idOrKey), atMs: null };
  for (const connector of await connectorsOf(account)) {
    found.push(...(await loadLetters(account, connector, [ofKey])));
  }
  if (found.length > 0 || !isId) return found;
  for (const connector of await connectorsOf(account)) {
    for await (const entries of scanEntries(account, connector)) {
      const named = entries.filter(({ id }) => id.toString("hex").startsWith(idOrKey));
      found.push(...(await loadLetters(account, connector, named)));
      if (found.length >= FOUND_MAX) return found;
    }
  }
  return found;
}

/**
 * Takes letters off the list, but those that were written anew since they were read. Returns how many. Content that Qualys
 * refused stays known as refused, so that it is not tried again.
 */
export async function discardDeadLetters(
  account: Account,
  letters: readonly DeadLetter[],
): Promise<number> {
  let discarded = 0;
  for (const [connector, group] of Map.groupBy(letters, (letter) => letter.connector)) {
    for (let at = 0; at < group.length; at += PAGE_LETTERS_MAX) {
      const args = group
        .slice(at, at + PAGE_LETTERS_MAX)
        .flatMap(({ id, version, run }) => [Buffer.from(id, "hex"), version, run]);
      const [count] = await account.run("discard", connector, ...args);
      discarded += Number(count);
    }
  }
  return discarded;
}

/** What Qualys says of content, and is remembered: see bury.ts of the pipeline. */
const REFUSALS: ReadonlySet<string> = new Set(["refused", "too-large"]);

/**
 * Lets content that Qualys refused be sent again. The letters stay until it is delivered, or refused once more. Letters of other
 * reasons are not about what Qualys refused, although that may be known of the same asset.
 */
export async function forgetRefusals(
  account: Account,
  letters: readonly DeadLetter[],
): Promise<void> {
  const pipeline = account.client.pipeline();
  for (const { id, connector, reason } of letters) {
    if (REFUSALS.has(reason))
      pipeline.hdel(account.key(`refused:${connector}`), Buffer.from(id, "hex"));
  }
  await pipeline.exec();
}

async function connectorsOf(account: Account): Promise<string[]> {
  return await account.client.smembers(account.key("connectors"));
}

/** A letter's place in the list; null where it was not looked up. */
interface Entry {
  id: Buffer;
  atMs: number | null;
}

type DatedEntry = Entry & { atMs: number };

async function* scanEntries(account: Account, connector: string): AsyncGenerator<DatedEntry[]> {
  const key = account.key(`dead:${connector}:at`);
  let cursor = "0";
  do {
    const reply = await account.client.zscanBuffer(key, cursor, "COUNT", PAGE_LETTERS_MAX);
    cursor = reply[0].toString();
    yield entriesIn(reply[1]);
  } while (cursor !== "0");
}

/** Members and scores in turn, as Redis returns them. */
function entriesIn(members: readonly Buffer[]): DatedEntry[] {
  return Array.from({ length: members.length / 2 }, (_, at) => ({
    id: members[at * 2] ?? Buffer.alloc(0),
    atMs: Number(members[at * 2 + 1]?.toString()),
  }));
}

async function newestLetters(
  account: Account,
  connector: string,
  limit: number,
): Promise<DeadLetter[]> {
  const key = account.key(`dead:${connector}:at`);
  const entries = entriesIn(await account.client.zrevrangeBuffer(key, 0, limit - 1, "WITHSCORES"));
  const letters: DeadLetter[] = [];
  for await (const page of loadInPages(account, connector, entries)) letters.push(...page);
  return letters;
}

async function* loadInPages(
  account: Account,
  connector: string,
  entries: readonly Entry[],
): AsyncGenerator<DeadLetter[]> {
  let size = PAGE_LETTERS_MIN;
  for (let at = 0; at < entries.length;) {
    const page = await loadLetters(account, connector, entries.slice(at, at + size));
    at += size;
    const chars = page.reduce((sum, { raw, asset = "" }) => sum + raw.length + asset.length, 1);
    const fitting = Math.floor((PAGE_CHARS * page.length) / chars);
    size = Math.max(PAGE_LETTERS_MIN, Math.min(PAGE_LETTERS_MAX, size * 10, fitting));
    yield page;
  }
}

async function loadLetters(
  account: Account,
  connector: string,
  entries: readonly Entry[],
): Promise<DeadLetter[]> {
  if (entries.length === 0) return [];
  const key = account.key(`dead:${connector}`);
  const values = await account.client.hmget(key, ...entries.map(({ id }) => id));
  const letters: DeadLetter[] = [];
  for (const [index, value] of values.entries()) {
    const entry = entries[index];
    if (value === null || entry === undefined) continue;
    const atMs = entry.atMs ?? Number(await account.client.zscore(`${key}:at`, entry.id));
    letters.push(parseLetter(value, { id: entry.id.toString("hex"), connector, atMs }));
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
