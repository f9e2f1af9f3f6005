import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { CsamClient } from "@sluice/csam";
import {
  createNewerReport,
  createSendStage,
  Duty,
  reportEnded,
  type Report,
  type RunningRole,
} from "@sluice/pipeline";
import {
  acknowledge,
  beat,
  beginHold,
  consumeBatches,
  distrustOtherServer,
  endHolds,
  holdAtLetterBound,
  loadBatch,
  NewerFormatError,
  quarantineBatch,
  rawRecords,
  readBudget,
  readEvidence,
  readHolds,
  releaseCall,
  reserveCall,
  sendCanary,
  settleCall,
  splitBatch,
  type Account,
  type NewHold,
  type Queues,
  type ReserveOptions,
} from "@sluice/queue";

export interface SenderSettings {
  callTimeoutMs: number;
  /** How calls are spread, and what is left to others. */
  policy: ReserveOptions["policy"];
}

export interface SenderOptions extends SenderSettings {
  account: Account;
  queues: Queues;
  client: CsamClient;
  /** The `source` string of a connector's payloads. */
  sourceOf: (connector: string) => string;
  report: Report;
}

/** A dead sender's slots are free after this; a living one renews its lease well before. */
const LEASE_MS = 4_000;
const BEAT_MS = 1_000;
/** More than any server allows at once: how many really are is governed in Redis. */
const BATCHES_AT_ONCE = 16;

/** Delivers batches until disposed of. Further senders stand by, and share the budget if they send too. */
export async function startSender(options: SenderOptions): Promise<RunningRole> {
  const { account, queues, client, report, policy } = options;
  await using stack = new AsyncDisposableStack();
  const sender = `${hostname()}-${process.pid}-${randomBytes(4).toString("hex")}`;
  const leave = createNewerReport(report);
  function onError(error: Error): void {
    if (error instanceof NewerFormatError) leave("batch", error);
    else report({ event: "trouble", stage: "send", message: error.message });
  }
  await distrustOtherServer(account);
  // A Redis that was restarted or failed over may lack the newest calls.
  stack.use(account.onReconnect(() => void distrustOtherServer(account).catch(onError)));
  await endCredentialHold(account, client);
  let concurrency = (await readBudget(account)).concurrency ?? policy.fallback.concurrency;
  await queues.governOutbound(concurrency);

  const lease = (leaseMs: number) => ({ id: sender, leaseMs, policy });
  async function heartbeat(): Promise<void> {
    const { concurrency: learned, ended } = await beat(account, lease(LEASE_MS));
    reportEnded(ended, report);
    if (ended.length > 0) await queues.promoteDelayed();
    if (learned !== concurrency) {
      concurrency = learned;
      await queues.governOutbound(concurrency);
    }
  }

  await heartbeat();
  const beating = setInterval(() => {
    heartbeat().catch(onError);
  }, BEAT_MS);
  stack.defer(async () => {
    clearInterval(beating);
    await beat(account, lease(0)).then(({ ended }) => reportEnded(ended, report), onError);
  });
  const calls = new Duty("send a batch", (work) => work.batches > 0);
  const send = createStage(options, sender, calls);
  const take = (batch: number) => calls.carry(() => send(batch));
  stack.use(consumeBatches(account, { concurrency: BATCHES_AT_ONCE, onError }, take));
  const owned = stack.move();
  return { duties: [calls], [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Credentials that work end the hold that those before them brought about. */
async function endCredentialHold(account: Account, client: CsamClient): Promise<void> {
  const holds = await readHolds(account);
  if (!holds.some(({ reason }) => reason === "credentials")) return;
  const signIn = await client.signIn();
  if (signIn.kind === "ok")
    await endHolds(account, { reason: "credentials", cause: "credentials" });
}

function createStage(options: SenderOptions, sender: string, calls: Duty) {
  const { account, queues, client, report, policy, callTimeoutMs } = options;
  const callMsMax = callTimeoutMs + 30_000;
  function tell(hold: NewHold | null): void {
    if (hold) report({ event: "send.held", ...hold, until: null, callsToGo: 0, done: null });
  }
  return createSendStage({
    load: (batch) => loadBatch(account, batch),
    reserve: async ({ connector, lane, isSuspect }) => {
      const lease = { sender, leaseMs: LEASE_MS, callMsMax };
      const request = { connector, lane, isSuspect };
      const permit = await reserveCall(account, { ...lease, ...request, policy });
      // What stepped aside for a hold that is over comes back.
      if (permit.kind === "go" && permit.ended.length > 0) await queues.promoteDelayed();
      return permit;
    },
    release: (call) => releaseCall(account, call),
    settleCall: (made) => settleCall(account, made),
    rawOf: (batch, indexes) => rawRecords(account, batch, indexes),
    acknowledge: async (batch, call, rejected) => {
      const acknowledged = await acknowledge(account, batch, call, rejected);
      const isFuller = acknowledged.dead > 0;
      tell(isFuller ? await holdAtLetterBound(account, batch.connector) : null);
      return acknowledged;
    },
    split: async (batch, parts, isGuilty) => {
      const numbers = await splitBatch(account, batch, parts, isGuilty);
      // Pushed to the front one by one: the last one pushed is taken first. Small parts go ahead of large ones.
      const jobs = numbers.map((number, at) => ({ number, assets: parts[at]?.length ?? 0 }));
      const ordered = jobs.toReversed().sort((one, other) => other.assets - one.assets);
      for (const { number } of ordered) await queues.addPart(number);
      return numbers;
    },
    quarantine: (batch) => quarantineBatch(account, batch),
    evidence: (batch) => readEvidence(account, batch),
    probe: async (batch) => {
      const probe = await sendCanary(account, batch);
      if (probe.kind === "sent") await queues.addPart(probe.canary);
      return probe;
    },
    hold: async (hold) => tell((await beginHold(account, hold)) ? hold : null),
    importAssets: (request) => calls.waitFor(() => client.importAssets(request)),
    sourceOf: options.sourceOf,
    permitMsMax: LEASE_MS,
    monotonicMs: () => performance.now(),
    nowMs: Date.now,
    chance: Math.random,
    report,
  });
}
