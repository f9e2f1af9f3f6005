import type { MappingProblem } from "./mapping-problem.ts";

/** Where a value comes from. */
export interface Origin {
  /** The place in the mapping. */
  place: MappingProblem["path"];
  /** The place in the record; `null` where it is not one. */
  path: string | null;
}

/** Thrown inside this package where a record can't be mapped; `map` makes a failure of it. */
export class CannotMap extends Error {
  override readonly name = "CannotMap";
  /** Null until somebody knows. */
  origin: Origin | null = null;
}

/** Does something for a value with an origin; what goes wrong then names it. */
export function withOrigin(origin: Origin, make: () => unknown): unknown {
  const locate = (error: unknown): never => {
    const problem =
      error instanceof CannotMap ? error : new CannotMap(String(error), { cause: error });
    problem.origin ??= origin;
    throw problem;
  };
  try {
    const made = make();
    return made instanceof Promise ? made.catch(locate) : made;
  } catch (error) {
    return locate(error);
  }
}
