import { createTransform, type RecordMistake } from "@sluice/inventory";
import { runMappingTests, type TestResult } from "@sluice/mapping";
import { openSources, type SourceRecord } from "@sluice/sources";
import { CommandError, EXIT } from "../exit-codes.ts";
import { loadMappingFor } from "../mapping/load-transform.ts";
import type { LoadedMapping } from "../mapping/mapping-file.ts";
import { readMappingSettings, type MappingChoice } from "../settings.ts";
import { counted, type Terminal } from "../terminal/terminal.ts";
import { readingOf, type Reading } from "../loads/readable.ts";

export interface TryOptions extends MappingChoice, Reading {
  line: number;
}

/** `sluice mapping test`: runs the examples that a mapping brings along. */
export async function testMapping(options: MappingChoice, terminal: Terminal): Promise<number> {
  const { policy, mapping: source } = readMappingSettings(process.env, options).transform;
  if (source === null) {
    throw new CommandError("Cannot test a mapping: none is named; use --mapping FILE");
  }
  const { mapping, tests } = await loadMappingFor(policy, source);
  if (tests.length === 0) {
    throw new CommandError(`Cannot test "${source.path}": it has no \`tests\`; write one`);
  }
  const results = await runMappingTests(tests, createTransform(policy, mapping));
  const failed = results.filter(({ differences }) => differences.length > 0).length;
  const summary = `${counted(results.length - failed, "test")} passed, ${failed} failed`;
  terminal.result({ passed: results.length - failed, failed, results }, [
    ...results.flatMap(resultLines),
    summary,
  ]);
  return failed === 0 ? EXIT.done : EXIT.unexpected;
}

function resultLines({ name, differences }: TestResult): string[] {
  if (differences.length === 0) return [`ok      ${name}`];
  return [
    `FAILED  ${name}`,
    ...differences.flatMap(({ path, wanted, found }) => [
      `  ${path || "the record"}`,
      `    - ${textOf(wanted)}`,
      `    + ${textOf(found)}`,
    ]),
  ];
}

function textOf(value: unknown): string {
  if (value === undefined) return "nothing";
  return typeof value === "string" && /^dead: |^an asset$/.test(value)
    ? value
    : JSON.stringify(value);
}

/** `sluice mapping try`: shows one record before and after. */
export async function tryMapping(
  file: string,
  options: TryOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const { transform, reading } = readMappingSettings(process.env, options);
  const { policy, mapping: source } = transform;
  const loaded = source === null ? null : await loadMappingFor(policy, source);
  const record = await recordAt(file, { ...reading, ...options }, signal);
  const transformed = await createTransform(policy, loaded?.mapping ?? null)(record.text);
  const before = parsed(record.text);
  if (transformed.kind === "dead") {
    const { reason, others = [] } = transformed;
    const errors = [transformed, ...others].map((mistake) => placed(mistake, loaded?.lineOf));
    terminal.result({ source: file, line: record.line, before, dead: { reason, errors } }, [
      `${file}:${record.line}`,
      JSON.stringify(before, null, 2),
      ...errors.map((error) => `dead (${reason})${placeText(error)}: ${error.message}`),
    ]);
    return EXIT.deadLetters;
  }
  const { asset, warnings } = transformed;
  terminal.result({ source: file, line: record.line, before, asset, warnings }, [
    `${file}:${record.line}`,
    JSON.stringify(before, null, 2),
    "becomes",
    JSON.stringify(asset, null, 2),
    ...warnings.map(({ code, message }) => `warning (${code}): ${message}`),
  ]);
  return EXIT.done;
}

interface PlacedError {
  path: string;
  message: string;
  /** Where in the mapping, as `file:line`. */
  mapping?: string;
}

function placed(
  { path, message, place }: RecordMistake,
  lineOf: LoadedMapping["lineOf"] = () => null,
): PlacedError {
  const mapping = place === undefined ? null : lineOf(place);
  return { path, message, ...(mapping !== null && { mapping }) };
}

function placeText({ path, mapping }: PlacedError): string {
  return `${path ? ` at ${path}` : ""}${mapping ? `, made by ${mapping}` : ""}`;
}

/** The record at a line, or the first behind it. */
async function recordAt(
  file: string,
  options: TryOptions,
  signal: AbortSignal,
): Promise<SourceRecord & { kind: "record" }> {
  for (const source of await openSources([file], { ...readingOf(options), signal })) {
    for await (const slice of source.records(signal)) {
      const found = slice.find(({ line }) => line >= options.line);
      if (found?.kind === "record") return found;
      if (found) throw new CommandError(`${file}:${found.line}: ${found.message}`);
    }
  }
  throw new CommandError(
    `Cannot try line ${options.line} of "${file}": it has no record there; use a smaller --line`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
