import { randomBytes } from "node:crypto";
import type { Lane } from "@sluice/governor";
import type { Account } from "./account.ts";

/** What became of a run's records, and what it cost. read = delivered + unchanged + coalesced + dead + pending. */
export interface Books {
  read: number;
  delivered: number;
  unchanged: number;
  coalesced: number;
  dead: number;
  pending: number;
  batches: number;
  calls: number;
  /** Calls refused for being too many. */
  limited: number;
  /** Calls whose answer never came; they were repeated with the same `requestId`. */
  ambiguous: number;
}

export type { Lane };

/** Open: more is being enqueued; sealed: all is enqueued; done: nothing is pending; aborted: its source failed. */
export type RunState = "open" | "sealed" | "done" | "aborted";

/** What a run was made of, so that it can be continued. */
export interface RunDescription {
  /** Files as given, or `-`. */
  sources: readonly { source: string; bytes: number | null; modifiedAtMs: number | null }[];
  format?: string;
  /** Where the records are in a JSON document. */
  at?: string;
  encoding?: string;
  first?: number;
}

/** What runs say that they are made of whose records come over HTTP. */
export const INTAKE_SOURCE = "http intake";

export interface Run extends Books {
  id: string;
  connector: string;
  lane: Lane;
  state: RunState;
  description: RunDescription;
  openedAtMs: number;
  doneAtMs: number | null;
  /** Warnings by code. */
  warnings: Record<string, number>;
  note: string;
}

const RUNS_MAX = 1_000;
const RUN_AGE_MS_MAX = 30 * 24 * 3_600_000;
const COUNTS = [
  "read",
  "delivered",
  "unchanged",
  "coalesced",
  "dead",
  "pending",
  "batches",
  "calls",
  "limited",
  "ambiguous",
] as const;

/** A run's id sorts by time and is easy to say: `20261121T210433-1a2b3c`. */
function newRunId(): string {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+Z/g, "");
  return `${stamp}-${randomBytes(3).toString("hex")}`;
}

/** Opens a run, unless `id` names one that is there. Finished ones beyond 30 days or 1,000 are forgotten. */
export async function openRun(
  account: Account,
  options: { connector: string; lane: Lane; description: RunDescription; id?: string },
): Promise<string> {
  const { connector, lane, description, id = newRunId() } = options;
  await account.run(
    "open",
    id,
    connector,
    lane,
    JSON.stringify(description),
    RUNS_MAX,
    RUN_AGE_MS_MAX,
  );
  return id;
}

/** All of the run's source is enqueued. Sealing twice changes nothing. */
export async function sealRun(account: Account, run: string): Promise<void> {
  await account.run("seal", run, "sealed", "");
}

/** The run's source failed: nothing more will come; what was enqueued goes on. */
export async function abortRun(account: Account, run: string, note: string): Promise<void> {
  await account.run("seal", run, "aborted", note);
}

/** One run with its books, or null when there is none of that id. */
export async function readRun(account: Account, id: string): Promise<Run | null> {
  const fields = await account.client.hgetall(account.key(`run:${id}`));
  return fields["state"] === undefined ? null : toRun(id, fields);
}

/** The newest runs first. */
export async function listRuns(account: Account, limit = 100): Promise<Run[]> {
  const ids = await account.client.zrevrange(account.key("runs"), 0, limit - 1);
  const runs = await Promise.all(ids.map((id) => readRun(account, id)));
  return runs.filter((run) => run !== null);
}

/** The ids of the runs into which more may come. */
export async function openRuns(account: Account): Promise<string[]> {
  return await account.client.smembers(account.key("open"));
}

/** The counts of a run, and nothing else of it. */
export function booksOf(run: Run): Books {
  return Object.fromEntries(COUNTS.map((name) => [name, run[name]])) as unknown as Books;
}

function toRun(id: string, fields: Record<string, string>): Run {
  const counts = Object.fromEntries(COUNTS.map((name) => [name, Number(fields[name] ?? 0)]));
  const warnings = Object.entries(fields)
    .filter(([name]) => name.startsWith("warning "))
    .map(([name, count]) => [name.slice("warning ".length), Number(count)] as const);
  return {
    ...(counts as unknown as Books),
    id,
    connector: fields["c"] ?? "",
    lane: (fields["l"] ?? "backfill") as Lane,
    state: fields["state"] as RunState,
    description: JSON.parse(fields["description"] ?? '{"sources":[]}') as RunDescription,
    openedAtMs: Number(fields["openedAt"]),
    doneAtMs: fields["doneAt"] === undefined ? null : Number(fields["doneAt"]),
    warnings: Object.fromEntries(warnings),
    note: fields["note"] ?? "",
  };
}
