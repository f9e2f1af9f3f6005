import { CannotMap } from "./cannot-map.ts";

const DEPTH_MAX = 64;

/**
 * A copy of what an expression gave, of nothing but text, numbers, booleans, null, lists and objects. A function among it
 * is a mistake, and the only thing through which something of the evaluation could get out.
 */
export function plainValue(value: unknown, depth = 0): unknown {
  if (typeof value === "function")
    throw new CannotMap("the expression gives a function, not a value");
  if (typeof value !== "object" || value === null) return value;
  if (depth === DEPTH_MAX) throw new CannotMap(`it gives more than ${DEPTH_MAX} levels`);
  if (Array.isArray(value)) return value.map((element) => plainValue(element, depth + 1));
  if (value instanceof RegExp || "_jsonata_lambda" in value || "_jsonata_function" in value) {
    throw new CannotMap("the expression gives a function, not a value");
  }
  const fields = Object.entries(value).map(([name, field]) => [name, plainValue(field, depth + 1)]);
  return Object.fromEntries(fields);
}
