import { settlementOf } from "@sluice/pipeline";
import type { SourceFile, SourceRecord } from "@sluice/sources";
import { EXIT } from "../exit-codes.ts";
import { firstAssets } from "../first-assets.ts";
import { readPlanSettings } from "../settings.ts";
import { grouped, type Terminal } from "../terminal.ts";
import { readable, type PushOptions } from "./push.ts";

/** How many assets and dead letters are shown whole. */
const SHOWN_MAX = 10;

interface Plan {
  read: number;
  assets: number;
  dead: number;
  coalesced: number;
  batches: number;
  warnings: Record<string, number>;
  deadLetters: { source: string; line: number; reason: string; path: string; message: string }[];
  /** The first assets, as they would be sent. */
  shown: unknown[];
}

/** `sluice push --dry-run`: what would be sent, without Redis and without a call. */
export async function dryRun(
  patterns: readonly string[],
  options: PushOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const { policy, worker } = readPlanSettings(process.env);
  const sources = await readable(patterns, options, policy, signal);
  const plan: Plan = {
    read: 0,
    assets: 0,
    dead: 0,
    coalesced: 0,
    batches: 0,
    warnings: {},
    deadLetters: [],
    shown: [],
  };
  const isLast = options.first === undefined ? () => false : firstAssets(options.first, policy);
  const isKnown = rememberIds();
  for await (const { source, records } of slices(sources, isLast, signal)) {
    const chunk = {
      source,
      sequence: 0,
      run: "",
      connector: policy.connectorUuid,
      records: records.map((record) =>
        record.kind === "record" ? record : { ...record, problem: record.message },
      ),
    };
    const settlement = settlementOf(chunk, policy);
    const fresh = settlement.assets.filter(({ id }) => !isKnown(id));
    plan.read += records.length;
    plan.assets += fresh.length;
    plan.coalesced += settlement.coalesced + settlement.assets.length - fresh.length;
    plan.dead += settlement.dead.length;
    for (const [code, count] of Object.entries(settlement.warnings)) {
      plan.warnings[code] = (plan.warnings[code] ?? 0) + count;
    }
    for (const { letter } of settlement.dead.slice(0, SHOWN_MAX - plan.deadLetters.length)) {
      const { line, reason, path, message } = letter;
      plan.deadLetters.push({ source, line, reason, path, message });
    }
    for (const { body } of fresh.slice(0, SHOWN_MAX - plan.shown.length)) {
      plan.shown.push(JSON.parse(body));
    }
  }
  plan.batches = Math.ceil(plan.assets / worker.assetsMax);
  terminal.result(plan, planLines(plan));
  return signal.aborted ? EXIT.stopped : plan.dead > 0 ? EXIT.deadLetters : EXIT.done;
}

/** Slices of records, each of one source, up to the last wanted. */
async function* slices(
  sources: readonly SourceFile[],
  isLast: (record: SourceRecord) => boolean,
  signal: AbortSignal,
): AsyncGenerator<{ source: string; records: readonly SourceRecord[] }> {
  for (const file of sources) {
    for await (const slice of file.records(signal)) {
      const end = slice.findIndex(isLast);
      yield { source: file.source, records: end < 0 ? slice : slice.slice(0, end + 1) };
      if (end >= 0) return;
    }
  }
}

/** Remembers 16 bytes an asset, so that one which comes twice counts once. */
function rememberIds(): (id: Buffer) => boolean {
  const ids = new Set<string>();
  return (id) => {
    const name = id.toString("latin1");
    if (ids.has(name)) return true;
    ids.add(name);
    return false;
  };
}

function planLines(plan: Plan): string[] {
  const warnings = Object.entries(plan.warnings).map(
    ([code, count]) => `${grouped(count)} ${code}`,
  );
  return [
    `dry run: ${grouped(plan.read)} read = ${grouped(plan.assets)} assets + ${grouped(plan.coalesced)} coalesced + ${grouped(plan.dead)} dead`,
    `  ${grouped(plan.batches)} calls at the most; nothing was sent`,
    ...(warnings.length > 0 ? [`  warnings: ${warnings.join(", ")}`] : []),
    ...plan.deadLetters.map(
      ({ source, line, reason, path, message }) =>
        `  dead: ${source}:${line} ${reason}${path ? ` at ${path}` : ""}: ${message}`,
    ),
    ...(plan.dead > plan.deadLetters.length
      ? [`  ... and ${grouped(plan.dead - plan.deadLetters.length)} more dead`]
      : []),
    ...(plan.shown.length > 0
      ? ["the first asset, as it would be sent:", JSON.stringify(plan.shown[0], null, 2)]
      : []),
  ];
}
