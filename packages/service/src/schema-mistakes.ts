import { z } from "zod";
import { closest } from "./closest.ts";

/** What is wrong with a value, by its path. */
export interface PlacelessMistake {
  path: readonly PropertyKey[];
  /** Whether it is the last name of the path that is wrong, and not what stands there. Default false. */
  isKey?: boolean;
  /** How many characters into the text there, from 0. Default 0. */
  offset?: number;
  message: string;
}

type Issue = z.core.$ZodIssue;

/** Every mistake of a value against a schema, in words, without the value. */
export function mistakesOf(schema: z.ZodType, value: unknown): readonly PlacelessMistake[] {
  const names = new Map<string, readonly string[]>();
  const { error } = schema.safeParse(value, {
    error: (raw) => {
      const { inst, path = [] } = raw;
      if (raw.code === "unrecognized_keys" && inst instanceof z.ZodObject) {
        names.set(path.join("\n"), Object.keys(inst.shape));
      }
      return undefined;
    },
  });
  const known = (path: readonly PropertyKey[]) => names.get(path.join("\n")) ?? [];
  return (error?.issues ?? []).flatMap((issue) => ofIssue(issue, [], known));
}

function ofIssue(
  issue: Issue,
  above: readonly PropertyKey[],
  known: (path: readonly PropertyKey[]) => readonly string[],
): readonly PlacelessMistake[] {
  const path = [...above, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const message = noSuchName(key, known(issue.path));
      return { path: [...path, key], isKey: true, message };
    });
  }
  if (issue.code === "invalid_union") {
    return likeliest(issue.errors).flatMap((inner) => ofIssue(inner, path, known));
  }
  return [{ path, message: messageOf(issue) }];
}

function messageOf(issue: Issue): string {
  if (issue.code === "invalid_type") return typeMessage(issue);
  if (issue.code === "invalid_value")
    return `expected one of ${issue.values.map(String).join(", ")}`;
  return issue.message.replace(/^Too (small|big): /, "");
}

/** Of several things that a value could have been, the one it comes closest to. */
function likeliest(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const depthOf = (issues: readonly Issue[]) =>
    Math.max(0, ...issues.map(({ path }) => path.length));
  return branches.toSorted((a, b) => depthOf(b) - depthOf(a) || a.length - b.length)[0] ?? [];
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ["string", "text"],
  ["number", "a number"],
  ["int", "a whole number"],
  ["boolean", "true or false"],
  ["array", "a list"],
  ["object", "keys with values"],
  ["record", "keys with values"],
  ["null", "nothing"],
]);

function typeMessage({ message }: Issue): string {
  const [, expected = "", received = ""] = /expected (\w+), received (\w+)/.exec(message) ?? [];
  if (received === "undefined") return "is missing";
  const [wanted, found] = [KINDS.get(expected), KINDS.get(received)];
  if (wanted === undefined || found === undefined) return message;
  return `expected ${wanted}, not ${found}${remedyFor(expected, received)}`;
}

function remedyFor(expected: string, received: string): string {
  if (expected === "array" && received === "string") return "; put it into [ ]";
  if (expected !== "string" || received === "null") return "";
  if (received === "object") return "; put text that begins with { into quotes";
  return received === "array"
    ? "; put text that begins with [ into quotes"
    : "; put it into quotes";
}

/** Says that a name means nothing, and which may have been meant. */
export function noSuchName(name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  const hint =
    meant === null ? `known are ${known.toSorted().join(", ")}` : `did you mean "${meant}"?`;
  return `there is no "${name}" here; ${hint}`;
}
