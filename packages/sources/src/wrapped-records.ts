import { pathOf } from "./json-path.ts";
import { SourceError } from "./source-error.ts";

/** Records do not lie deeper. */
const PATH_KEYS_MAX = 4;
const TOKENS = /"(?:[^"\\]|\\.)*(?:"|$)|[{}[\]:,]/gs;

/** What the object that a text begins with shows of itself. */
export interface FirstObject {
  isWhole: boolean;
  /** Its text; of an object that goes on behind the text, the members before the one with the array. */
  text: string;
  /** The path of its first array of objects, if there is one. */
  arrayPath: string | null;
}

/** Looks at the object that a text begins with, and at no more than the text. */
export function lookAtObject(text: string): FirstObject {
  const open: { bracket: string; key: string }[] = [];
  let arrayPath: string | null = null;
  let previous = "";
  let key = "";
  let membersEnd = 1;
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    if (token === ":") key = previous.slice(1, -1);
    if (token === "," && open.length === 1 && arrayPath === null) membersEnd = index;
    if (token === "{" || token === "[") {
      if (token === "{" && previous === "[") arrayPath ??= pathOfArray(open);
      open.push({ bracket: token, key });
    }
    if (token === "}" || token === "]") {
      open.pop();
      if (open.length === 0) return { isWhole: true, text: text.slice(0, index + 1), arrayPath };
    }
    previous = token;
  }
  return { isWhole: false, text: `${text.slice(0, membersEnd)}}`, arrayPath };
}

/** The path of the innermost open bracket, an array, if only objects are around it. */
function pathOfArray(open: readonly { bracket: string; key: string }[]): string | null {
  const around = open.slice(0, -1);
  if (around.length > PATH_KEYS_MAX || around.some(({ bracket }) => bracket === "[")) return null;
  return pathOf(open.slice(1).map(({ key }) => key));
}

/** An object that is no record by itself, and has an array of objects somewhere. */
export function wrappedError(source: string, path: string): SourceError {
  const problem = `it is one object with the records inside; name where they are (--at ${path})`;
  return new SourceError("wrapped", source, problem);
}
