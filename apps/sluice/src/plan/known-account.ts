import { EmbeddedRedis, openAccount, type Account } from "@sluice/queue";
import type { AccountSettings } from "../config/account-settings.ts";
import type { ProcessSettings } from "../settings.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** What there is to compare with: the account, or why there is none. */
export type Known =
  | { kind: "account"; account: Account }
  /** Nothing was ever kept here, so nothing was sent. */
  | { kind: "unused" }
  | { kind: "unreachable"; message: string };

const CONNECT_MS = 3_000;

/**
 * Opens the account for a look, without which a command can do: nothing is written there, and no server is started where
 * there is nothing to see.
 */
export async function openKnownAccount(
  settings: ProcessSettings,
  account: AccountSettings,
  terminal: Terminal,
): Promise<Known & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const known = await reach(settings, account, stack, terminal);
  const owned = stack.move();
  return { ...known, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function reach(
  { redisUrl, dataDir, queueBytesMax }: ProcessSettings,
  { redisName }: AccountSettings,
  stack: AsyncDisposableStack,
  terminal: Terminal,
): Promise<Known> {
  if (redisUrl === null && !(await EmbeddedRedis.isUsed({ dataDir }))) return { kind: "unused" };
  try {
    const say = (message: string) => terminal.note(`sluice: ${message}`);
    const url = redisUrl ?? stack.use(await EmbeddedRedis.attach({ dataDir, say })).url;
    const options = { redisUrl: url, account: redisName, queueBytesMax, connectMs: CONNECT_MS };
    const opened = stack.use(await openAccount({ ...options, isReadOnly: true }));
    return { kind: "account", account: opened };
  } catch (error) {
    return { kind: "unreachable", message: error instanceof Error ? error.message : String(error) };
  }
}
