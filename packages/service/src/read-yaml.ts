import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type YAMLError,
} from "yaml";
import type { z } from "zod";
import { mistakesOf, type PlacelessMistake } from "./schema-mistakes.ts";

/** What is wrong with a file, and where. Lines and columns count from 1. */
export interface YamlMistake {
  line: number;
  column: number;
  /** The place in the document, such as `connectors.cmdb.files[0]`; empty for all of it. */
  path: string;
  message: string;
}

export type YamlRead<Value> =
  | {
      kind: "value";
      value: Value;
      /** Where the value at a path stands, for mistakes that only its reader can see. */
      locate: (mistake: PlacelessMistake) => YamlMistake;
    }
  /** In the order of the text. */
  | { kind: "wrong"; mistakes: readonly YamlMistake[] };

/** What a file for people may have at most. */
const CHARS_MAX = 262_144;
const ALIASES_MAX = 100;
/** More of them help nobody. */
const MISTAKES_MAX = 100;

/**
 * Reads one YAML 1.2 document of a schema, or finds every mistake in it. Values never stand in a message, for one may be a
 * secret.
 *
 * @param check finds what a schema can't say; gets whatever the document holds, be it right or not
 */
export function readYaml<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  check: (value: unknown) => readonly PlacelessMistake[] = () => [],
): YamlRead<z.output<Schema>> {
  const lines = new LineCounter();
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const document = parse(text, lines);
  if (typeof document === "string") {
    return wrong([{ line: 1, column: 1, path: "", message: document }]);
  }
  const tooDeep = document.errors.filter(({ code }) => code === "RESOURCE_EXHAUSTION").slice(0, 1);
  const errors = tooDeep.length > 0 ? tooDeep : [...document.errors, ...document.warnings];
  const broken = [
    ...errors.map((error) => ({
      offset: error.pos[0],
      message: wordsFor(error),
    })),
    ...strayAliases(document).map((offset) => ({
      offset,
      message: "no anchor of that name comes before it; put text that begins with * into quotes",
    })),
  ];
  if (broken.length > 0) {
    const mistakes = broken.map(({ offset, message }) => ({ ...at(offset), path: "", message }));
    // One text may be wrong in the same way several times.
    const perLine = new Map(
      mistakes.toReversed().map((one) => [`${one.line} ${one.message}`, one]),
    );
    return wrong([...perLine.values()]);
  }
  const locate = (mistake: PlacelessMistake): YamlMistake => ({
    ...at(offsetOf(document, mistake)),
    path: pathText(mistake.path),
    message: mistake.message,
  });
  const value = valueOf(document);
  if (value.kind === "wrong") return wrong([locate({ path: [], message: value.message })]);
  const parsed = schema.safeParse(value.value);
  const mistakes = [...mistakesOf(schema, value.value), ...check(value.value)];
  if (!parsed.success || mistakes.length > 0) return wrong(mistakes.map(locate));
  return { kind: "value", value: parsed.data, locate };
}

function wrong(mistakes: readonly YamlMistake[]): { kind: "wrong"; mistakes: YamlMistake[] } {
  const sorted = mistakes.toSorted((a, b) => a.line - b.line || a.column - b.column);
  return { kind: "wrong", mistakes: sorted.slice(0, MISTAKES_MAX) };
}

/** The document, or why there is none. */
function parse(text: string, lineCounter: LineCounter): Document | string {
  if (text.length > CHARS_MAX) return `it has more than ${CHARS_MAX} characters`;
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, logLevel: "error" });
  } catch (error) {
    // Its recursion is bounded by nothing but the stack.
    if (error instanceof RangeError) return TOO_DEEP;
    throw error;
  }
}

function valueOf(
  document: Document,
): { kind: "value"; value: unknown } | { kind: "wrong"; message: string } {
  try {
    return { kind: "value", value: document.toJS({ maxAliasCount: ALIASES_MAX }) };
  } catch {
    return { kind: "wrong", message: `it uses more than ${ALIASES_MAX} aliases` };
  }
}

/** Where the value stands, or its key; where there is none, what it is missing in. */
function offsetOf(
  document: Document,
  { path, isKey = false, offset: characters = 0 }: PlacelessMistake,
): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, name] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    const isLast = depth === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === name);
      if (pair === undefined) return offset;
      const keyOffset = startOf(pair.key) ?? offset;
      if (isLast && isKey) return keyOffset;
      // What is wrong with a whole, or missing in it, is told at its name.
      offset = isMap(pair.value) ? keyOffset : (startOf(pair.value) ?? keyOffset);
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(name)];
      offset = startOf(node) ?? offset;
    } else {
      return offset;
    }
  }
  return offset + (characters === 0 ? 0 : shiftOf(node, characters));
}

/** Characters of a text that stands there as it is, or in quotes; in a block the first line has to do. */
function shiftOf(node: unknown, characters: number): number {
  if (!isScalar(node)) return 0;
  if (node.type === "PLAIN") return characters;
  return node.type === "QUOTE_SINGLE" || node.type === "QUOTE_DOUBLE" ? characters + 1 : 0;
}

function startOf(node: unknown): number | null {
  const range =
    typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
  return Array.isArray(range) && typeof range[0] === "number" ? range[0] : null;
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

const TOO_DEEP = "it is nested too deeply";
const QUOTES = "put the text into quotes";

const WORDS: ReadonlyMap<string, string> = new Map([
  ["BAD_DIRECTIVE", "this directive is not known"],
  ["BAD_DQ_ESCAPE", "there is no such escape; use single quotes for text with backslashes"],
  ["BAD_SCALAR_START", `no text begins like this; ${QUOTES}`],
  ["BLOCK_AS_IMPLICIT_KEY", `there is a key in the value of a key; ${QUOTES}`],
  ["BLOCK_IN_FLOW", `between brackets there are no lists and keys by lines; ${QUOTES}`],
  ["DUPLICATE_KEY", "this key is there already"],
  ["KEY_OVER_1024_CHARS", "a key has at most 1,024 characters"],
  ["MULTILINE_IMPLICIT_KEY", `a key has to stand in one line; ${QUOTES}`],
  ["MULTIPLE_ANCHORS", "put text that begins with & into quotes"],
  ["MULTIPLE_DOCS", "a second document begins here; leave out one of them, and the line with ---"],
  ["RESOURCE_EXHAUSTION", TOO_DEEP],
  ["TAB_AS_INDENT", "tabs don't indent; use spaces"],
  ["TAG_RESOLVE_FAILED", "this tag is not known; put text that begins with ! into quotes"],
  ["UNEXPECTED_TOKEN", `this can't stand here; ${QUOTES}`],
]);

/** The same where a code has several meanings. */
const WORDS_BY_BEGINNING: readonly (readonly [RegExp, string])[] = [
  [/^flow (?:map|sequence) in/i, `a bracket is not closed before this; close it, or ${QUOTES}`],
  [/^all \w+ items must/i, "its line has another indentation than those it belongs to"],
  [/^missing closing/i, "a quote is not closed before this"],
  [/^implicit map keys/i, "a key without `: ` behind it; write it, with a value"],
];

/** What is wrong, without what stands there: a secret may begin like a tag, or like a block. */
function wordsFor({ code, message }: YAMLError): string {
  const special = WORDS_BY_BEGINNING.find(([beginning]) => beginning.test(message))?.[1];
  const general = message.charAt(0).toLowerCase() + message.slice(1).replace(/: .*/s, "");
  return WORDS.get(code) ?? special ?? general;
}

/** Where an alias stands whose anchor does not end before it. */
function strayAliases(document: Document): readonly number[] {
  const anchors = new Set<string>();
  const strays: number[] = [];
  visit(document, {
    Node(_, node, ancestors) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.add(node.anchor);
        return;
      }
      const { source } = node;
      const isInside = ancestors.some((one) => "anchor" in one && one.anchor === source);
      if (isInside || !anchors.has(source)) strays.push(startOf(node) ?? 0);
    },
  });
  return strays;
}
