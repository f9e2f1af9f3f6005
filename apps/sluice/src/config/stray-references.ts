import type { PlacelessMistake } from "@sluice/service";
import { referenceIn } from "./file-schema.ts";
import { sectionOf, sectionsOf } from "./sections.ts";

type Path = PlacelessMistake["path"];

/** The keys whose values may be what the environment has under a name. */
export const REFERABLE = ["gateway", "username", "clientId", "uuid", "password", "clientSecret"];

const MESSAGE = `\${...} would stay here as it is; only the whole of ${REFERABLE.join(", ")} may be a \${NAME}`;

/** Texts with `${...}` where nobody puts anything into its place. Mappings are their own: it may mean something in them. */
export function strayReferences(file: unknown): readonly PlacelessMistake[] {
  const { accounts, connectors } = sectionOf(file);
  const outside = sectionsOf(connectors).map(([name, { mapping, ...rest }]) => {
    return [name, typeof mapping === "string" ? { ...rest, mapping } : rest] as const;
  });
  return [
    ...straysIn(["accounts"], accounts),
    ...straysIn(["connectors"], Object.fromEntries(outside)),
  ];
}

function straysIn(path: Path, value: unknown): readonly PlacelessMistake[] {
  if (typeof value === "string") {
    return value.includes("${") && !isReferable(path, value) ? [{ path, message: MESSAGE }] : [];
  }
  if (Array.isArray(value)) return value.flatMap((one, index) => straysIn([...path, index], one));
  return Object.entries(sectionOf(value)).flatMap(([key, one]) => straysIn([...path, key], one));
}

function isReferable(path: Path, value: string): boolean {
  const [, , key, ...deeper] = path;
  if (!REFERABLE.includes(String(key)) || deeper.length > 0) return false;
  // What a secret and a UUID may be is told anyway.
  return !["gateway", "username", "clientId"].includes(String(key)) || referenceIn(value) !== null;
}
