import type { Transform } from "@sluice/inventory";
import { Plan, type PlanReport } from "@sluice/pipeline";
import { compareAssets, disabledConnectors, learnedBytesMax, type Account } from "@sluice/queue";
import type { SourceFile, SourceRecord } from "@sluice/sources";
import type { AccountSettings, ConnectorSettings } from "../config/account-settings.ts";
import { EXIT } from "../exit-codes.ts";
import { firstAssets } from "../loads/first-assets.ts";
import { loadWatchedTransform } from "../mapping/load-transform.ts";
import { openKnownAccount, type Known } from "../plan/known-account.ts";
import { budgetOf } from "../plan/plan-budget.ts";
import { planLines, type PlanObject } from "../plan/plan-lines.ts";
import { chosenConnector, readSettings, withMapping } from "../settings.ts";
import { grouped, type Terminal } from "../terminal/terminal.ts";
import { readable } from "../loads/readable.ts";
import type { PushOptions } from "./push.ts";

export interface PlanFlags extends Pick<
  PushOptions,
  "connector" | "format" | "at" | "encoding" | "first" | "mapping"
> {
  /** Warnings count, too. */
  strict?: boolean;
}

/** `sluice plan`: what a push would do, found out without a call and without storing anything. */
export async function plan(
  patterns: readonly string[],
  options: PlanFlags,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const settings = withMapping(readSettings(process.env, "transforms"), options);
  const { account: owner, connector } = chosenConnector(settings, options);
  const { transform, silent } = await loadWatchedTransform(connector.transform);
  const sources = await readable(patterns, options, { connector, transform }, signal);
  await using known = await openKnownAccount(settings, owner, terminal);
  if (known.kind === "unreachable") {
    terminal.note(`warning: ${known.message}; everything counts as new`);
  }
  const account = known.kind === "account" ? known.account : null;
  if (await isDisabled(account, connector)) {
    terminal.note(`note: connector "${connector.name}" is disabled; a push would be refused`);
  }
  const report = await planOf(sources, options, {
    connector,
    transform,
    account,
    terminal,
    signal,
  });
  const replaced = report.waiting + report.inFlight;
  const budget = await budgetOf(account, owner.calls.policy, { calls: report.calls, replaced });
  const object = {
    connector: connector.uuid,
    compared: comparison(known, owner),
    ...report,
    silent: report.read > 0 ? silent() : [],
    budget,
  };
  terminal.result(object, planLines(object, patterns.length > 0 ? patterns : connector.files));
  return hasComplaint(object, options.strict === true) ? EXIT.deadLetters : EXIT.done;
}

async function isDisabled(
  account: Account | null,
  { uuid, isEnabled }: ConnectorSettings,
): Promise<boolean> {
  return !isEnabled || (account !== null && (await disabledConnectors(account)).has(uuid));
}

async function planOf(
  sources: readonly SourceFile[],
  { first }: PlanFlags,
  place: {
    connector: ConnectorSettings;
    transform: Transform;
    account: Account | null;
    terminal: Terminal;
    signal: AbortSignal;
  },
): Promise<PlanReport> {
  const { connector, transform, account, terminal, signal } = place;
  const { limits, uuid } = connector;
  const learnedMax = account && (await learnedBytesMax(account, uuid));
  const plan = new Plan({
    transform,
    compare: account && ((assets) => compareAssets(account, uuid, assets)),
    assetsMax: limits.assetsMax,
    bytesMax: Math.min(limits.bytesMax, learnedMax ?? Infinity),
  });
  const isLast = first === undefined ? null : firstAssets(first, transform);
  let read = 0;
  for await (const { source, records } of slices(sources, isLast, signal)) {
    await plan.add({ source, records });
    read += records.length;
    terminal.progress(`plan: ${grouped(read)} records of ${source} read`);
  }
  return await plan.report();
}

/** Slices of records, each of one source, up to the last wanted. */
async function* slices(
  sources: readonly SourceFile[],
  isLast: ((record: SourceRecord) => Promise<boolean>) | null,
  signal: AbortSignal,
) {
  for (const file of sources) {
    for await (const slice of file.records(signal)) {
      const end = isLast === null ? -1 : await firstIndex(slice, isLast);
      const wanted = end < 0 ? slice : slice.slice(0, end + 1);
      const records = wanted.map((record) =>
        record.kind === "record" ? record : { ...record, problem: record.message },
      );
      yield { source: file.source, records };
      if (end >= 0) return;
    }
  }
}

async function firstIndex(
  records: readonly SourceRecord[],
  isWanted: (record: SourceRecord) => Promise<boolean>,
): Promise<number> {
  for (const [index, record] of records.entries()) if (await isWanted(record)) return index;
  return -1;
}

function comparison(known: Known, { name }: AccountSettings): PlanObject["compared"] {
  if (known.kind === "account") return { kind: "account", account: name };
  return known.kind === "unused" ? { kind: "unused" } : known;
}

/** Like a linter's: records that would be lost, and with `--strict` whatever there is to say. */
function hasComplaint(
  { dead, findings, warnings, silent }: PlanObject,
  isStrict: boolean,
): boolean {
  const levels = isStrict ? ["error", "warning"] : ["error"];
  const isBad = findings.some(({ level }) => levels.includes(level));
  return dead > 0 || isBad || (isStrict && warnings.length + silent.length > 0);
}
