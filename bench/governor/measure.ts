import { setTimeout as delay } from "node:timers/promises";
import { callFromElsewhere } from "../support/foreign-client.ts";
import { dueChunks } from "../support/due-chunks.ts";
import { readLoad } from "../support/machine.ts";
import { startSluice, type SluiceProcess } from "../support/processes.ts";
import { waitFor } from "../support/wait-for.ts";
import { figuresOf, type CallFigures } from "./call-figures.ts";
import { killSending, silences } from "./kill.ts";
import { openPlace, type Place } from "./place.ts";
import type { Scenario } from "./scenarios.ts";

export interface MeasureOptions {
  windows: number;
  assetsPerCall: number;
  seed: number;
}

/** The figures of each part of a run in which the limit was the same, and how long it was silent after each kill. */
export interface Measured {
  redis: string;
  /** Of the machine, in the run's last minute. */
  load: number;
  parts: readonly CallFigures[];
  silentMs: readonly (number | null)[];
}

/** A run on its way. Times are in epoch ms. */
interface Course extends AsyncDisposable {
  scenario: Scenario;
  place: Place;
  senders: readonly SluiceProcess[];
  beganAtMs: number;
  endsAtMs: number;
  startSender: () => Promise<SluiceProcess>;
}

const LATENCY_MS = 50;
/** More than a run takes, so that there is work until its end. */
const SPARE_WINDOWS = 3;

/** One run of a scenario: everything in processes of its own, on a Redis of its own, with all the work enqueued before. */
export async function measure(scenario: Scenario, options: MeasureOptions): Promise<Measured> {
  await using course = await begin(scenario, options);
  const { account, sandbox } = course.place;
  const stopping = new AbortController();
  const calling = callForeign(course, options.seed, stopping.signal);
  const [changesMs, killsMs] = await Promise.all([changeLimits(course), killSenders(course)]);
  stopping.abort();
  await calling;
  const ledger = await sandbox.calls();
  const { product, version } = account.server;
  return {
    redis: `${product} ${version}`,
    load: readLoad(),
    parts: partsOf(scenario, changesMs).map((phase) =>
      figuresOf(ledger, phase, options.assetsPerCall),
    ),
    silentMs: silences(ledger, killsMs),
  };
}

/** Lets the senders begin, all at once, when everything is ready to be sent. */
async function begin(scenario: Scenario, options: MeasureOptions): Promise<Course> {
  await using stack = new AsyncDisposableStack();
  const { windowMs, concurrency } = scenario;
  const { windows, assetsPerCall, seed } = options;
  const limit = Math.max(...scenario.limits);
  const assets = (windows + SPARE_WINDOWS) * limit * assetsPerCall;
  const limits = { limit, windowMs, concurrency, latencyMs: LATENCY_MS };
  const place = stack.use(await openPlace(limits, { assets, assetsPerCall, seed }));
  const { account, sandbox, env } = place;
  stack.use(await startSluice(["up", "--role", "worker"], env));
  await waitFor("the end of the transform", async () => (await dueChunks(account)) === 0);
  const startSender = () => startSluice(["up", "--role", "sender"], env);
  const senders = await Promise.all(Array.from({ length: scenario.senders }, startSender));
  for (const sender of senders) stack.use(sender);
  const first = await waitFor("the first call", async () => (await sandbox.calls())[0]);
  const beganAtMs = first.atMs;
  const endsAtMs = beganAtMs + windows * windowMs;
  const owned = stack.move();
  return {
    scenario,
    place,
    senders,
    beganAtMs,
    endsAtMs,
    startSender: async () => owned.use(await startSender()),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function callForeign(
  { scenario, place: { sandbox } }: Course,
  seed: number,
  signal: AbortSignal,
): Promise<void> {
  const { foreignShare, windowMs, limits } = scenario;
  if (foreignShare === 0) return;
  const meanMs = windowMs / (Math.max(...limits) * foreignShare);
  await callFromElsewhere({ sandbox, meanMs, seed, signal });
}

/** Kills at equal distances; a new sender takes the place of the dead one, and stands by. Returns when each died. */
async function killSenders(course: Course): Promise<number[]> {
  const killsMs: number[] = [];
  let living = course.senders;
  for (const killAtMs of instantsWithin(course, course.scenario.kills)) {
    await until(killAtMs);
    const { killed, atMs } = await killSending(course.place.account, living);
    killsMs.push(atMs);
    const standby = await course.startSender();
    living = [...living.filter((sender) => sender !== killed), standby];
  }
  return killsMs;
}

/** Lets the run take its time, and changes the limit on the way. Returns the beginning of each part, and the end. */
async function changeLimits(course: Course): Promise<number[]> {
  const [, ...changes] = course.scenario.limits;
  const changesMs = [course.beganAtMs];
  for (const [index, changeAtMs] of instantsWithin(course, changes.length).entries()) {
    await until(changeAtMs);
    await course.place.sandbox.setLimits({ limit: changes[index] });
    changesMs.push(Date.now());
  }
  await until(course.endsAtMs);
  return [...changesMs, course.endsAtMs];
}

/** So many instants that part a run into equal pieces. */
function instantsWithin({ beganAtMs, endsAtMs }: Course, count: number): number[] {
  const distanceMs = (endsAtMs - beganAtMs) / (count + 1);
  return Array.from({ length: count }, (_, index) => beganAtMs + (index + 1) * distanceMs);
}

async function until(atMs: number): Promise<void> {
  await delay(Math.max(1, atMs - Date.now()));
}

function partsOf({ limits, windowMs }: Scenario, changesMs: readonly number[]) {
  return limits.map((limit, index) => ({
    limit,
    windowMs,
    fromMs: changesMs[index] ?? 0,
    untilMs: changesMs[index + 1] ?? 0,
    // Until a window after a change, the old limit's calls are still there.
    settleMs: index === 0 ? 0 : windowMs,
  }));
}
