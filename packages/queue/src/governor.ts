import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  concurrencyOf,
  emptyState,
  longestHold,
  partsOf,
  partialOpensAt,
  shareOpensAt,
  spareAssets,
  type GovernorState,
  type Standing,
} from "@sluice/governor";
import type { Account } from "./account.ts";
import type { Reply } from "./scripts.ts";

/** What a decision goes by, all of one moment. */
export interface Facts {
  state: GovernorState;
  /** The account's clock. It may be ahead of the server's, by so much, where that was set back. */
  nowMs: number;
  aheadMs: number;
  /** What the calls of the connector have come to. */
  standing: Standing;
  /** Records of all runs that nothing has become of yet. */
  pending: number;
  /** Assets that calls are needed for, and those of them that are no suspects: without what disabled connectors keep. */
  waiting: number;
  others: number;
}

/** What was decided. */
export interface Step<Result> {
  /** Null: nothing is to be written. */
  state: GovernorState | null;
  result: Result;
  /** How long nobody has to fetch a batch; 0: as it was. */
  stopMs?: number;
  /** Whether everybody should look again at once, whatever has stopped them. */
  isFreed?: boolean;
  /** For a script that does more than commit, in the same moment. */
  args?: readonly (string | number)[];
}

const ATTEMPTS_MAX = 100;
const ATTEMPT_WAIT_MS_MAX = 5;

/** What the governor knows now. */
export async function look(account: Account, connector = ""): Promise<Facts> {
  return (await readFacts(account, connector)).facts;
}

/**
 * Decides by a pure function of what the governor knows, and writes what came of it, if nobody else has written meanwhile;
 * else decides again. Safe to be sent twice by a connection that was lost on the way.
 */
export async function govern<Result>(
  account: Account,
  connector: string,
  decide: (facts: Facts) => Step<Result>,
  script: "commit" | "called" | "resume" = "commit",
): Promise<Result> {
  return await inTurn(account, () => decideUntilWritten(account, connector, decide, script));
}

const turns = new WeakMap<Account, Promise<void>>();

/** One decision after the other, within a process: two at once would only get in each other's way. */
async function inTurn<Result>(account: Account, work: () => Promise<Result>): Promise<Result> {
  const before = turns.get(account);
  const { promise, resolve } = Promise.withResolvers<void>();
  turns.set(account, promise);
  await before;
  try {
    return await work();
  } finally {
    resolve();
  }
}

async function decideUntilWritten<Result>(
  account: Account,
  connector: string,
  decide: (facts: Facts) => Step<Result>,
  script: "commit" | "called" | "resume",
): Promise<Result> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const { facts, rev } = await readFacts(account, connector);
    const step = decide(facts);
    if (step.state === null) return step.result;
    const [outcome] = await account.run(
      script,
      rev,
      randomBytes(6).toString("base64url"),
      ...stored(step.state, facts.nowMs),
      ...limiterArgs(facts.state, step.state, step, facts.nowMs),
      ...(step.args ?? []),
    );
    if (outcome !== "moved") return step.result;
    await delay(Math.random() * ATTEMPT_WAIT_MS_MAX);
  }
  throw new Error(
    `Cannot write the governor of account "${account.name}": others wrote ${ATTEMPTS_MAX} times meanwhile; it will be tried again`,
  );
}

async function readFacts(
  account: Account,
  connector: string,
): Promise<{ facts: Facts; rev: string }> {
  const reply = await account.run("look", connector);
  const [rev, nowMs, aheadMs, state, holds, refusals, vouched, canary, pending, waiting, others] =
    reply;
  return {
    rev: String(rev),
    facts: {
      state: {
        ...emptyState,
        ...(parse(state) as Partial<GovernorState>),
        holds: parse(holds) as GovernorState["holds"],
      },
      nowMs: Number(nowMs),
      aheadMs: Number(aheadMs),
      standing: {
        refusals: Number(refusals),
        isTrusted: vouched === 1 || canary === 1,
        hasCanary: canary === 1,
      },
      pending: Number(pending),
      waiting: Number(waiting),
      others: Number(others),
    },
  };
}

function parse(json: Reply | undefined): unknown {
  return JSON.parse(typeof json === "string" ? json : "{}");
}

/** The state as it lies in Redis; the holds and the terms apart, as the script that cuts reads them. */
function stored({ holds, ...state }: GovernorState, nowMs: number): [string, string, string] {
  const whole = { ...state, holds };
  const partialAtMs = Math.ceil(partialOpensAt(whole, nowMs));
  const terms = {
    concurrency: concurrencyOf(whole, nowMs),
    partialAtMs,
    spareAssets: spareAssets(whole, nowMs),
    suspectsAtMs: Object.fromEntries(
      Object.keys(whole.bisection).map((name) => [name, shareOpensAt(whole, name, nowMs)]),
    ),
  };
  return [JSON.stringify(state), JSON.stringify(holds), JSON.stringify(terms)];
}

const ENDLESS_MS = 86_400_000;

/** BullMQ's limiter follows the holds of the account, and the wait that was decided. */
function limiterArgs(
  before: GovernorState,
  state: GovernorState,
  { stopMs = 0, isFreed = false }: Step<unknown>,
  nowMs: number,
): [isFreed: number, stopMs: number] {
  const hold = longestHold(state, "account", nowMs)?.hold;
  const heldMs = hold ? (hold.untilMs ?? nowMs + ENDLESS_MS) - nowMs : 0;
  const isEnded = Object.keys(before.holds).some(
    (name) => partsOf(name).scope === "account" && !state.holds[name],
  );
  return [isFreed || isEnded ? 1 : 0, Math.ceil(Math.max(heldMs, stopMs))];
}
