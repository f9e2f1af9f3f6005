import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, relative } from "node:path";
import { readSecretFile, readYaml, type PlacelessMistake } from "@sluice/service";
import { z } from "zod";
import { isModule, readMapping } from "../mapping/mapping-file.ts";
import { findConfigFile } from "./find-file.ts";
import { isUser, sectionOf, sectionsOf } from "./sections.ts";
import type { Environment } from "./variables.ts";

/*
 * The files that `sluice.yaml` names. They are looked at whatever else is wrong with it.
 */

/** Makes a path of the file one of the working directory. */
export type From = (path: string) => string;

/** Paths in a file begin at its own folder. */
export function fromFolderOf(file: string): From {
  const folder = relative(process.cwd(), dirname(file));
  return (path) => (isAbsolute(path) ? path : join(folder, path));
}

/** The files of secrets that hold none, where they count. */
export function wrongSecretFiles(file: unknown, from: From): readonly PlacelessMistake[] {
  return sectionsOf(sectionOf(file)["accounts"]).flatMap(([name, account]) => {
    const secret = isUser(account) ? "password" : "clientSecret";
    const path = account[`${secret}File`];
    if (typeof path !== "string" || path.trim() === "" || secret in account) return [];
    const read = readSecretFile(from(path.trim()));
    if (read.kind === "value") return [];
    return [{ path: ["accounts", name, `${secret}File`], message: read.problem }];
  });
}

/** The files of mappings that can't be read. */
export function unreadableMappings(file: unknown, from: From): readonly PlacelessMistake[] {
  return mappingsIn(file, from).flatMap(({ connector, path }) => {
    const read = textOf(path);
    if (read.kind === "text") return [];
    return [{ path: ["connectors", connector, "mapping"], message: read.problem }];
  });
}

/** What is wrong with what stands in them, each with its place; of modules only running them tells. */
export function mappingFileProblems(file: unknown, from: From): readonly string[] {
  const paths = new Set(mappingsIn(file, from).map(({ path }) => path));
  return [...paths].flatMap((path) => {
    const text = isModule(path) ? null : textOf(path);
    const read = text?.kind === "text" ? readMapping(path, text.text) : null;
    return read?.kind === "wrong" ? read.problems : [];
  });
}

/**
 * Where settings come from: `sluice.yaml` and the mappings that it names, or the one that the environment names; also while
 * they can't be read, or mistakes stand in them.
 */
export function filesOfSettings(environment: Environment): readonly string[] {
  const file = findConfigFile(environment);
  if (file === null) {
    const path = environment["SLUICE_MAPPING"] ?? "";
    return path.trim() === "" ? [] : [path];
  }
  const text = textOf(file);
  const read = text.kind === "text" ? readYaml(text.text, z.unknown()) : null;
  if (read?.kind !== "value") return [file];
  return [file, ...new Set(mappingsIn(read.value, fromFolderOf(file)).map(({ path }) => path))];
}

function mappingsIn(file: unknown, from: From): readonly { connector: string; path: string }[] {
  return sectionsOf(sectionOf(file)["connectors"]).flatMap(([connector, { mapping }]) =>
    typeof mapping === "string" && mapping.trim() !== ""
      ? [{ connector, path: from(mapping.trim()) }]
      : [],
  );
}

function textOf(path: string): { kind: "text"; text: string } | { kind: "none"; problem: string } {
  try {
    return { kind: "text", text: readFileSync(path, "utf8") };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { kind: "none", problem: `cannot read "${path}" (${code}); check path and permissions` };
  }
}
