/*
 * Most of a mapping has its values at once, and waiting for what is there costs more than making it. So a value is only
 * a promise where an expression has to be evaluated by JSONata, which promises all of its results.
 */

/** Goes on with a value: at once if it is there, else when it comes. */
export function whenThere<Result>(
  value: unknown,
  then: (value: unknown) => Result,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(then) : then(value);
}

/** Several values: at once if all are there, else when the last comes. */
export function whenAllThere<Result>(
  values: readonly unknown[],
  then: (values: readonly unknown[]) => Result,
): Result | Promise<Result> {
  return values.some(isPromise) ? Promise.all(values).then(then) : then(values);
}

function isPromise(value: unknown): boolean {
  return value instanceof Promise;
}
