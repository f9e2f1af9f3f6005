import type * as z from "zod";

/** A mistake in a mapping, and where. */
export interface MappingProblem {
  /** The way to it through the mapping: `["fields", "os", "lookup"]`. */
  path: readonly (string | number)[];
  /** How many characters into the expression there, from 0. */
  offset?: number;
  message: string;
}

/** The place of a problem as text: `findings[0].severity`; empty for the whole. */
export function placeText(path: MappingProblem["path"]): string {
  return path
    .map((step, index) =>
      typeof step === "number" ? `[${step}]` : `${index === 0 ? "" : "."}${step}`,
    )
    .join("");
}

/** The mistakes that a schema found. Where several shapes are allowed, those of the shape that was meant. */
export function problemsOf(issues: readonly z.core.$ZodIssue[]): MappingProblem[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ path: [...path, key], message: "There is no such field" }));
    }
    if (issue.code !== "invalid_union") return [{ path, message: issue.message }];
    const meant = issue.errors.find(isOfItsKind);
    if (meant === undefined) return [{ path, message: issue.message }];
    return problemsOf(meant).map((inner) => ({ ...inner, path: [...path, ...inner.path] }));
  });
}

/** Whether the value has the kind of a shape, so that its mistakes lie deeper. */
function isOfItsKind(issues: readonly z.core.$ZodIssue[]): boolean {
  return issues.every(({ code, path }) => code !== "invalid_type" || path.length > 0);
}
