import type { JsonObject } from "@sluice/inventory";
import jsonata from "jsonata";
import { CannotMap } from "./cannot-map.ts";
import { mistakeIn, nameHint, type Tree } from "./expression-tree.ts";
import { plainValue } from "./plain-value.ts";
import { type PathStep, valueAt } from "./simple-path.ts";
import { TO_MILLIS_SIGNATURE, toMillis } from "./to-millis.ts";

/** Gives what an expression makes of `at`, a record or a part of one; a promise where JSONata is asked. May throw `CannotMap`. */
export type Evaluate = (at: unknown, record: JsonObject) => unknown;

export type CompiledExpression =
  | {
      kind: "expression";
      evaluate: Evaluate;
      /** Whether JSONata is asked; if not, it answers at once and can't fail. */
      isAsked: boolean;
      /** The text, where it is a path and no more. */
      path: string | null;
    }
  /** `offset`: characters into the text, from 0. */
  | { kind: "invalid"; offset: number; message: string };

/** Many times what any mapping takes: about a tenth of a second. Counted, so that a slow machine decides nothing. */
const STEPS_MAX = 100_000;
const DEPTH_MAX = 200;
/** No host has as much of anything; each element costs several promises. */
export const ELEMENTS_MAX = 100_000;

/** A name that no expression can write. */
const STEPS = " steps";
const ON_STEP = Symbol.for("jsonata.__evaluate_entry");

/** Compiles a JSONata expression, once for all records. Constants and plain paths never go through JSONata again. */
export function compileExpression(text: string): CompiledExpression {
  let expression: jsonata.Expression;
  try {
    expression = jsonata(text, { stack: DEPTH_MAX, sequence: ELEMENTS_MAX });
  } catch (error) {
    const { message, position } = error as jsonata.JsonataError;
    const offset = Math.max(0, (position ?? 1) - 1);
    return { kind: "invalid", offset, message: `${message}${nameHint(text)}` };
  }
  const tree = expression.ast() as Tree;
  const mistake = mistakeIn(tree, text);
  if (mistake !== null) return { kind: "invalid", ...mistake };
  const evaluate = simple(tree);
  if (evaluate !== null) {
    const path = tree.type === "path" ? text : null;
    return { kind: "expression", evaluate, isAsked: false, path };
  }
  countSteps(expression);
  expression.registerFunction("toMillis", toMillis, TO_MILLIS_SIGNATURE);
  const askJsonata: Evaluate = (at, record) => ask(expression, at, record);
  return { kind: "expression", evaluate: askJsonata, isAsked: true, path: null };
}

/** The function for what needs no JSONata: a constant, `$`, and a path of names and indices. */
function simple(tree: Tree): Evaluate | null {
  if (tree.type === "string" || tree.type === "number" || tree.type === "value") {
    const { value } = tree;
    return hasOnly(tree, ["type", "value", "position"]) ? () => value : null;
  }
  if (tree.type === "variable") {
    const isContext = tree.value === "" && hasOnly(tree, ["type", "value", "position"]);
    return isContext ? (at) => at : null;
  }
  if (tree.type !== "path" || !hasOnly(tree, ["type", "steps"])) return null;
  const steps: PathStep[] = [];
  for (const node of tree.steps ?? []) {
    const step = simpleStep(node);
    if (step === null) return null;
    steps.push(step);
  }
  return (at) => valueAt(at, steps);
}

function simpleStep(node: Tree): PathStep | null {
  if (node.type !== "name" || !hasOnly(node, ["type", "value", "position", "stages"])) return null;
  const indices: number[] = [];
  for (const stage of node.stages ?? []) {
    const { type, expr } = stage;
    if (type !== "filter" || expr?.type !== "number") return null;
    if (!hasOnly(expr, ["type", "value", "position"])) return null;
    indices.push(Number(expr.value));
  }
  return { name: String(node.value), indices };
}

/** Whether a node has nothing besides that would change what it means. */
function hasOnly(node: object, names: readonly string[]): boolean {
  return Object.keys(node).every((name) => names.includes(name));
}

/** JSONata can loop for ever, so its steps are counted: by its own hook, which its types know for text only. */
function countSteps(expression: jsonata.Expression): void {
  const onStep = (_: unknown, __: unknown, environment: jsonata.Environment) => {
    const steps = environment.lookup(STEPS) as { count: number };
    steps.count += 1;
    if (steps.count > STEPS_MAX) throw new CannotMap(`it takes more than ${STEPS_MAX} steps`);
  };
  expression.assign(ON_STEP as unknown as string, onStep);
}

async function ask(
  expression: jsonata.Expression,
  at: unknown,
  record: JsonObject,
): Promise<unknown> {
  try {
    return plainValue(await expression.evaluate(at, { record, [STEPS]: { count: 0 } }));
  } catch (error) {
    if (error instanceof CannotMap) throw error;
    throw new CannotMap(messageOf(error), { cause: error });
  }
}

/** JSONata throws objects that need not be errors. */
function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === "string" ? message : "the expression fails";
}
