/** What JSONata makes of an expression's text; its own types know less. */
export interface Tree {
  type: string;
  value?: unknown;
  position?: number;
  steps?: readonly Tree[];
  stages?: readonly Tree[];
  expr?: Tree;
  lhs?: Tree;
  rhs?: Tree;
  procedure?: Tree;
  arguments?: readonly Tree[];
  focus?: unknown;
  index?: unknown;
}

/** What gives something else each time, or runs text of a record as an expression. */
const FORBIDDEN = new Set(["now", "millis", "random", "shuffle", "eval"]);

/** JSONata's functions, as its documentation lists them: https://docs.jsonata.org/overview */
const FUNCTIONS = new Set(
  "abs append assert average base64decode base64encode boolean ceil clone contains count decodeUrl decodeUrlComponent distinct each encodeUrl encodeUrlComponent error exists filter floor formatBase formatInteger formatNumber fromMillis join keys length lookup lowercase map match max merge min not number pad parseInteger power reduce replace reverse round sift single sort split spread sqrt string substring substringAfter substringBefore sum toMillis trim type uppercase zip".split(
    " ",
  ),
);

interface Mistake {
  /** Characters into the text, from 0. */
  offset: number;
  message: string;
}

/** What is wrong with an expression that JSONata understands. */
export function mistakeIn(tree: Tree, text: string): Mistake | null {
  if (isNameWithSigns(text, tree)) {
    const message = `"${text}" is an operation: put spaces around its signs${nameHint(text)}`;
    return { offset: 0, message };
  }
  const nodes = nodesOf(tree);
  return forbiddenVariable(nodes) ?? unknownFunction(nodes, text);
}

function forbiddenVariable(nodes: readonly Tree[]): Mistake | null {
  for (const node of nodes) {
    const name = variableName(node);
    if (name === null || !FORBIDDEN.has(name)) continue;
    const message = `$${name} is not for mappings: the same record always has to give the same`;
    return { offset: offsetOf(node, name), message };
  }
  return null;
}

/**
 * What a text that is no expression may have been meant as: a column's name with spaces or signs. Written so that YAML takes it
 * for text, too.
 */
export function nameHint(text: string): string {
  if (!/^[\p{L}\p{N}_ ./#()&:%+*-]+$/u.test(text)) return "";
  return `; if it is the name of a field, put it into backticks, and those into quotes: "\`${text}\`"`;
}

/** `Inventory-No` is the difference of two fields to JSONata, of which a record has neither. */
function isNameWithSigns(text: string, tree: Tree): boolean {
  if (/\s/.test(text)) return false;
  const isName = (node: Tree | undefined): boolean => {
    if (node?.type !== "binary") return node?.type === "path" && node.steps?.length === 1;
    return /^[-+*/%]$/.test(String(node.value)) && isName(node.lhs) && isName(node.rhs);
  };
  return tree.type === "binary" && isName(tree);
}

/** JSONata finds out only when it calls one, for each record anew: what is called has to be a function of its own, or one that the expression defines. */
function unknownFunction(nodes: readonly Tree[], text: string): Mistake | null {
  const bound = new Set(nodes.flatMap(boundNames));
  for (const { type, procedure, rhs } of nodes) {
    const called = type === "apply" ? rhs : procedure;
    if (called === undefined) continue;
    const name = variableName(called);
    if (name !== null && !bound.has(name) && !FUNCTIONS.has(name)) {
      return { offset: offsetOf(called, name), message: `There is no function $${name}` };
    }
    const [step] = called.type === "path" ? (called.steps ?? []) : [];
    if (step?.type !== "name") continue;
    const message = `"${String(step.value)}" is no function, their names begin with $${nameHint(text)}`;
    return { offset: 0, message };
  }
  return null;
}

/** The variables that a node gives values to. */
function boundNames({ type, lhs, arguments: names = [], focus, index }: Tree): string[] {
  const variables = [...(type === "lambda" ? names : []), ...(type === "bind" && lhs ? [lhs] : [])];
  const steps = [focus, index].filter((name) => typeof name === "string");
  return [...variables.flatMap((node) => variableName(node) ?? []), ...steps];
}

function variableName({ type, value }: Tree): string | null {
  return type === "variable" && typeof value === "string" && value !== "" ? value : null;
}

function offsetOf({ position = 0 }: Tree, name: string): number {
  return Math.max(0, position - name.length - 1);
}

/** A node and all below it. */
function nodesOf(tree: unknown): Tree[] {
  if (typeof tree !== "object" || tree === null) return [];
  return [tree as Tree, ...Object.values(tree).flatMap(nodesOf)];
}
