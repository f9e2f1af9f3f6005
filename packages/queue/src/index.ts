export { Account, openAccount, withoutPassword, type AccountOptions } from "./account.ts";
export { admitChunk, recallChunks } from "./admit.ts";
export { recountPending } from "./audit.ts";
export { readBacklog, type Backlog } from "./backlog.ts";
export {
  acknowledge,
  loadBatch,
  quarantineBatch,
  readEvidence,
  sendCanary,
  splitBatch,
  type Acknowledged,
  type Batch,
  type Probe,
} from "./batches.ts";
export { booksObject, type BooksObject } from "./books-object.ts";
export {
  beat,
  distrustOtherServer,
  readBudget,
  recentCalls,
  releaseCall,
  reserveCall,
  settleCall,
  type BudgetStatus,
  type CallEntry,
  type MadeCall,
  type Permit,
  type ReserveOptions,
} from "./budget.ts";
export { compareAssets, learnedBytesMax } from "./compare.ts";
export {
  consumeBatches,
  consumeChunks,
  type ChunkDisposition,
  type Disposition,
} from "./consume.ts";
export {
  countDeadLetters,
  discardDeadLetters,
  findDeadLetters,
  forgetRefusals,
  listDeadLetters,
  scanDeadLetters,
  type DeadLetter,
  type LetterFilter,
} from "./dead-letters.ts";
export { disableConnector, disabledConnectors, enableConnector } from "./disabled.ts";
export { lookForWork, type DueWork } from "./due-work.ts";
export { EmbeddedRedis } from "./embedded-redis.ts";
export {
  enqueueChunk,
  storeChunk,
  type Claim,
  type Enqueued,
  type EnqueueOptions,
  type HeldClaim,
} from "./enqueue.ts";
export { NewerFormatError } from "./format.ts";
export { look } from "./governor.ts";
export { giveUpAfter } from "./give-up.ts";
export {
  allowMoreLetters,
  endHoldBelowLetterBound,
  holdAtLetterBound,
  isHeldForLetters,
  type NewHold,
} from "./letter-bound.ts";
export {
  discardMalformedRanges,
  listMalformedRanges,
  type MalformedRange,
} from "./malformed-ranges.ts";
export { beginHold, endHolds, readHolds, type Hold } from "./holds.ts";
export {
  backlogConnectors,
  cut,
  fillBatch,
  loadChunk,
  settle,
  type Cut,
  type CutOptions,
  type Settled,
} from "./outbox.ts";
export { readPressure, roomInMs, type Pressure } from "./pressure.ts";
export { Queues } from "./queues.ts";
export { rawRecords } from "./raw-records.ts";
export { RecentSegments } from "./recent-segments.ts";
export {
  INTAKE_SOURCE,
  abortRun,
  listRuns,
  openRun,
  openRuns,
  readRun,
  sealRun,
  type Books,
  type Lane,
  type Run,
  type RunDescription,
} from "./runs.ts";
export { startRedis, stopRedis } from "./redis-process.ts";
export { findRedisProgram } from "./redis-program.ts";
export type { ServerReport } from "./server-check.ts";
export { countDelivered, isTrusted } from "./standing.ts";
export { sweep } from "./sweep.ts";
export { beginTry, noteDeath, readDeaths } from "./tries.ts";
export { readWaiting, sumOfWaiting, type Waiting } from "./waiting.ts";
export { Wakes } from "./wakes.ts";
