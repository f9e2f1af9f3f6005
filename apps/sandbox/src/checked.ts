import { z } from "zod";

/** A value from outside that passed its checks, or what is wrong with it, in one line. */
export type Checked<T> = { kind: "valid"; value: T } | { kind: "refused"; message: string };

const issuesShown = 3;

function refused(message: string): Checked<never> {
  return { kind: "refused", message };
}

/** Checks `value` by `schema`. */
export function checkValue<T extends z.ZodType>(schema: T, value: unknown): Checked<z.output<T>> {
  const { success, data, error } = schema.safeParse(value);
  return success ? { kind: "valid", value: data } : refused(describeIssues(error.issues));
}

/** Checks a body by `schema`, as JSON. */
export function checkJson<T extends z.ZodType>(schema: T, content: Buffer): Checked<z.output<T>> {
  const json = parseJson(content);
  return json.kind === "valid" ? checkValue(schema, json.value) : json;
}

export function parseJson(content: Buffer): Checked<unknown> {
  try {
    const value: unknown = JSON.parse(content.toString());
    return { kind: "valid", value };
  } catch {
    return refused("The body is not JSON");
  }
}

/** The first mistakes, each as `path: what is wrong`. */
export function describeIssues(issues: readonly z.core.$ZodIssue[]): string {
  const shown = issues.slice(0, issuesShown).map(describeIssue);
  const hidden = issues.length - shown.length;
  return [...shown, ...(hidden > 0 ? [`and ${hidden} more`] : [])].join("; ");
}

function describeIssue({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? message : `${z.core.toDotPath(path)}: ${message}`;
}
