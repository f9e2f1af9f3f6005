import { setTimeout as delay } from "node:timers/promises";
import { openAccount } from "@sluice/queue";
import { auditAll, auditAgain } from "./audit.ts";
import { calm, disturb, type Stage } from "./disturb.ts";
import { keepEvidence } from "./evidence.ts";
import { STANDING_FAULTS } from "./faults.ts";
import { ACCOUNT, startHouse } from "./house.ts";
import { Inventory } from "./inventory.ts";
import { Journal } from "./journal.ts";
import { Loader } from "./loader.ts";
import { Operator } from "./operator.ts";
import { planOf } from "./plan.ts";
import { booksOfRuns } from "./recount.ts";

export interface ChaosOptions {
  seed: number;
  minutes: number;
  /** How long it may take to come to rest afterwards: far more than a slow machine needs. */
  restMsMax: number;
  /** Whether logs and ledgers are kept though nothing is wrong. Default: no. */
  isKept?: boolean;
  /** Told of every decision. */
  tell: (line: string) => void;
}

/** What a seed has brought. */
export interface ChaosReport {
  seed: number;
  /** Things that were done to the house. */
  steps: number;
  kills: number;
  calls: number;
  /** Calls that a limit of the sandbox refused. */
  limited: number;
  /** Records that were enqueued, and of how many assets. */
  records: number;
  assets: number;
  elapsedMs: number;
  /** What the auditor found wrong. */
  problems: readonly string[];
  /** Where logs and ledgers are kept, if something was. */
  evidence: string | null;
}

const ROUND_MS = 5_000;
const FILE_RECORDS = 250;
const HTTP_RECORDS = 100;
const LOOK_MS = 1_000;

/** Does to a house what the seed decides, lets it come to rest, and audits it. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, minutes, restMsMax, tell, isKept = false } = options;
  const beganMs = performance.now();
  const durationMs = minutes * 60_000;
  const signal = AbortSignal.timeout(durationMs + restMsMax);
  await using house = await startHouse(seed);
  await using account = await openAccount({ redisUrl: house.redis.url, account: ACCOUNT });
  const journal = new Journal(tell);
  const operator = new Operator(house, journal);
  const inventory = new Inventory(seed);
  const loader = new Loader({ house, account, journal, seed });
  const stage = { house, account, journal, operator, inventory, loader };
  const plan = planOf(seed, durationMs);
  try {
    await house.sandbox.setFaults(seed, STANDING_FAULTS);
    const loading = load(stage, durationMs, signal);
    await Promise.all([loading, carryOut(stage, plan, signal).then(() => attend(stage, loading))]);
    await comeToRest(stage, signal);
    journal.problems.push(...(await auditAll(stage)));
    await secondLoad(stage, signal);
  } catch (error) {
    journal.problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const calls = await house.sandbox.calls();
  const { problems } = journal;
  return {
    seed,
    steps: plan.length,
    kills: journal.kills,
    calls: calls.length,
    limited: calls.filter(({ admission }) => admission === "rate" || admission === "concurrency")
      .length,
    records: [...loader.loaded.values()].reduce((sum, count) => sum + count, 0),
    assets: inventory.newest.size,
    elapsedMs: performance.now() - beganMs,
    problems,
    evidence: isKept || problems.length > 0 ? await keepEvidence(stage, seed) : null,
  };
}

/** Rounds of two loads at a time, which share no asset. */
async function load(
  { loader, inventory }: Stage,
  durationMs: number,
  signal: AbortSignal,
): Promise<void> {
  const beganMs = performance.now();
  for (let round = 0; round * ROUND_MS < durationMs; round += 1) {
    const file = inventory.draw(round, 0, FILE_RECORDS);
    const http = inventory.draw(round, 1, HTTP_RECORDS);
    await Promise.all([
      loader.byFiles(`file-${round}`, file, signal),
      loader.overHttp(`http-${round}`, http, signal),
    ]);
    const waitMs = beganMs + (round + 1) * ROUND_MS - performance.now();
    await delay(Math.max(0, waitMs), undefined, { signal });
  }
}

/** Does what was planned, each step at its time or, on a slow machine, after the one before. */
async function carryOut(
  stage: Stage,
  plan: ReturnType<typeof planOf>,
  signal: AbortSignal,
): Promise<void> {
  const beganMs = performance.now();
  const spans: Promise<void>[] = [];
  for (const { atMs, step } of plan) {
    await delay(Math.max(0, beganMs + atMs - performance.now()), undefined, { signal });
    stage.journal.say(JSON.stringify(step));
    const undo = await disturb(stage, step);
    if (undo !== null && "forMs" in step) spans.push(delay(step.forMs).then(undo));
  }
  await Promise.all(spans);
}

/** Ends holds until all is loaded: whoever loads has to wait while too much waits behind a hold. */
async function attend({ operator }: Stage, loading: Promise<void>): Promise<void> {
  const loaded = new AbortController();
  const end = () => loaded.abort();
  loading.then(end, end);
  while (!loaded.signal.aborted) {
    await operator.give("resume");
    await delay(LOOK_MS, undefined, { signal: loaded.signal }).catch(() => {});
  }
}

/** All that waits is delivered; then the operator tries the dead letters once more, now that nothing else goes wrong. */
async function comeToRest(stage: Stage, signal: AbortSignal): Promise<void> {
  stage.journal.say("calm");
  await calm(stage);
  await settled(stage, signal);
  stage.journal.say("replay");
  while (!(await stage.operator.give("dead", "replay", "--all"))) {
    await delay(LOOK_MS, undefined, { signal });
  }
  await settled(stage, signal);
}

/** Waits until every run is done, as an operator who ends the holds that only an operator can end. */
async function settled({ account, operator }: Stage, signal: AbortSignal): Promise<void> {
  for (;;) {
    await operator.give("resume");
    const books = await booksOfRuns(account);
    if (books.every(({ state }) => state === "done")) return;
    await delay(LOOK_MS, undefined, { signal });
  }
}

/** Invariant (f): what the sandbox has, loaded again, makes no call. */
async function secondLoad(stage: Stage, signal: AbortSignal): Promise<void> {
  const { house, journal, loader, inventory } = stage;
  const before = (await house.sandbox.calls()).length;
  await loader.byFiles("again", inventory.snapshot(), signal);
  await settled(stage, signal);
  const made = (await house.sandbox.calls()).length - before;
  if (made > 0) journal.problems.push(`the same snapshot made ${made} calls the second time`);
  journal.problems.push(...(await auditAgain(stage)));
}
