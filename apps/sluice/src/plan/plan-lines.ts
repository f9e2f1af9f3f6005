import type { Example, LintFinding, Place } from "@sluice/inventory";
import type { SilentPart } from "@sluice/mapping";
import type { DeadGroup, PlanReport } from "@sluice/pipeline";
import type { PlanBudget } from "./plan-budget.ts";
import { counted, grouped, spanText } from "../terminal/terminal.ts";

/** What `sluice plan --json` prints. */
export interface PlanObject extends PlanReport {
  connector: string;
  /** What the records were compared with. */
  compared:
    | { kind: "account"; account: string }
    | { kind: "unused" }
    | { kind: "unreachable"; message: string };
  /** What of a declarative mapping gave nothing for any record. */
  silent: readonly SilentPart[];
  budget: PlanBudget;
}

const LABEL_CHARS = 13;
const LEVELS = ["error", "warning", "note"] as const;

/** A plan for people: the result, then what is wrong, the gravest first, then an asset to look at. */
export function planLines(plan: PlanObject, patterns: readonly string[]): string[] {
  return [
    `plan for ${patterns.join(" ")}: nothing was sent`,
    ...outcomeLines(plan),
    ...plan.deadLetters.flatMap(deadLines),
    ...plan.warnings.flatMap(leftOutLines),
    ...silentLines(plan.silent),
    ...LEVELS.flatMap((level) =>
      plan.findings.filter((finding) => finding.level === level),
    ).flatMap(findingLines),
    ...(plan.first === null
      ? []
      : ["the first asset, as it would be sent:", JSON.stringify(plan.first, null, 2)]),
  ];
}

function outcomeLines(plan: PlanObject): string[] {
  const { read, coalesced, dead, unchanged, waiting, inFlight } = plan;
  const onTheirWay = waiting + inFlight;
  return [
    row("read", counted(read, "record")),
    row("to send", `${grouped(plan.new)} new, ${grouped(plan.changed)} changed`),
    ...(onTheirWay > 0
      ? [row("", `of ${grouped(onTheirWay)} an older version is on its way and may be sent, too`)]
      : []),
    row("unchanged", `${grouped(unchanged)}${comparedText(plan)}`),
    row("coalesced", `${grouped(coalesced)}${coalesced > 0 ? replacedText(plan) : ""}`),
    row("dead", grouped(dead)),
    row("calls", callsText(plan)),
    row("time", timeText(plan)),
  ];
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(LABEL_CHARS)}${text}`;
}

function comparedText({ compared }: PlanObject): string {
  if (compared.kind === "account")
    return `, compared with what account ${compared.account} was sent`;
  const why = compared.kind === "unused" ? "there is no Redis of it yet" : compared.message;
  return `, because nothing is known of what was sent: ${why}`;
}

function replacedText({ duplicates, isExact }: PlanObject): string {
  const keys = duplicates.map(({ value }) => JSON.stringify(value)).join(", ");
  const note = isExact ? "" : "; too many assets to find all of them";
  return `, replaced by a later record of the same key: ${keys}${note}`;
}

function callsText({ calls, bytes, budget: { callsBefore } }: PlanObject): string {
  const size = `${grouped(Math.ceil(bytes / 1_000))} KB`;
  return `${grouped(calls)}, ${size}${callsBefore > 0 ? `, behind ${grouped(callsBefore)} for what waits already` : ""}`;
}

function timeText({ budget }: PlanObject): string {
  const { limit, windowMs, concurrency, isLearned, elapsedMs } = budget;
  const limits = `${counted(limit, "call")} in ${spanText(windowMs)}, ${grouped(concurrency)} at once`;
  const source = isLearned
    ? "as Qualys has told"
    : "as configured, for Qualys has not told its limits yet";
  return `${elapsedText(elapsedMs)}; ${limits}, ${source}`;
}

function elapsedText(elapsedMs: number | null): string {
  if (elapsedMs === null) return "nobody knows: see sluice status";
  return elapsedMs === 0 ? "as fast as Qualys answers" : `about ${spanText(elapsedMs)}`;
}

function deadLines({ reason, records, examples }: DeadGroup): string[] {
  return [
    `dead: ${reason}, ${counted(records, "record")}`,
    ...examples.map(
      ({ path, message, ...place }) =>
        `  ${placeText(place)}${path ? ` at ${path}` : ""}: ${message}`,
    ),
    ...moreLine(records - examples.length),
  ];
}

function leftOutLines({ code, records, examples }: PlanReport["warnings"][number]): string[] {
  return [
    `left out: ${code}, ${counted(records, "value")}`,
    ...examples.map(({ value, places }) => `  ${placesText(places)}: ${value}`),
  ];
}

function silentLines(silent: readonly SilentPart[]): string[] {
  if (silent.length === 0) return [];
  return [
    `warning: mapping, ${counted(silent.length, "part")} gave nothing for any record: does the source have such a field?`,
    ...silent.map(({ place, expr }) => `  ${place}${expr === null ? "" : `: ${expr}`}`),
  ];
}

function findingLines(finding: LintFinding): string[] {
  const { level, code, problem, consequence, uncertain, values, records, isExact } = finding;
  const shared = values === null ? "" : `${counted(values, "value")}, `;
  const count = `${isExact ? "" : "at least "}${shared}${counted(records, "record")}`;
  const unsent =
    level === "note" ? " It is not sent, so nothing follows as long as that is so." : "";
  return [
    `${level}: ${code}, ${count}: ${problem}`,
    `  ${consequence}.${uncertain ? ` Uncertain: ${uncertain}.` : ""}${unsent}`,
    ...finding.examples.map(exampleLine),
  ];
}

function exampleLine({ value, records, places }: Example): string {
  const more = records > places.length ? ` and ${grouped(records - places.length)} more` : "";
  return `  ${JSON.stringify(value)}: ${placesText(places)}${more}`;
}

/** A file is named once. */
function placesText(places: readonly Place[]): string {
  return places
    .map((place, index) =>
      place.source === places[index - 1]?.source ? `:${place.line}` : placeText(place),
    )
    .join(", ");
}

function placeText({ source, line }: Place): string {
  return `${source}:${line}`;
}

function moreLine(records: number): string[] {
  return records > 0 ? [`  and ${grouped(records)} more`] : [];
}
