import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { jsonSchemaOfFile } from "../config/file-schema.ts";
import { findConfigFile } from "../config/find-file.ts";
import { FIRST_FILE, SCHEMA_FILE } from "../config/first-file.ts";
import { CommandError, EXIT } from "../exit-codes.ts";
import { loadTransforms } from "../mapping/load-transform.ts";
import { ConfigError } from "@sluice/service";
import { readSettings } from "../settings.ts";
import { counted, type Terminal } from "../terminal/terminal.ts";

/** `sluice config check`: every mistake of the configuration, each with its place. */
export async function checkConfig(named: string | undefined, terminal: Terminal): Promise<number> {
  const file = named ?? findConfigFile(process.env);
  const environment = { ...process.env, SLUICE_CONFIG: file ?? "none" };
  try {
    const { accounts, notes } = readSettings(environment, "all");
    for (const note of notes) terminal.note(`note: ${note}`);
    const connectors = accounts.flatMap((account) => account.connectors);
    await loadTransforms(connectors);
    terminal.result(
      {
        ok: true,
        file,
        accounts: namesOf(accounts),
        connectors: namesOf(connectors),
        problems: [],
      },
      [
        `${file ?? "the environment"} is right: ${counted(accounts.length, "account")}, ${counted(connectors.length, "connector")}`,
      ],
    );
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    terminal.result({ ok: false, file, problems: error.problems }, error.problems);
    return EXIT.usage;
  }
}

function namesOf(all: readonly { name: string }[]): string[] {
  return all.map(({ name }) => name);
}

/** `sluice config schema`: the JSON Schema by which editors know `sluice.yaml`. */
export function printSchema(terminal: Terminal): number {
  const schema = jsonSchemaOfFile();
  terminal.result(schema, [JSON.stringify(schema, null, 2)]);
  return EXIT.done;
}

/** `sluice init`: writes a first `sluice.yaml` with everything explained, and its schema beside it. */
export async function init(
  file: string,
  { force = false }: { force?: boolean },
  terminal: Terminal,
): Promise<number> {
  if (existsSync(file) && !force) {
    throw new CommandError(`Cannot write "${file}": it is there already; --force replaces it`);
  }
  const schema = join(dirname(file), SCHEMA_FILE);
  try {
    await writeFile(file, FIRST_FILE);
    await writeFile(schema, `${JSON.stringify(jsonSchemaOfFile(), null, 2)}\n`);
  } catch (error) {
    throw cannotWrite(file, error);
  }
  terminal.result({ file, schema }, [
    `${file} is written, and ${schema} by which editors know it`,
    `  next: put your UUID, user and password in their places, then: sluice config check`,
  ]);
  return EXIT.done;
}

function cannotWrite(file: string, cause: unknown): CommandError {
  const folder = dirname(file);
  const { code } = cause as NodeJS.ErrnoException;
  const why =
    code === "ENOENT"
      ? `there is no folder "${folder}"; make it first: mkdir -p ${folder}`
      : `${code}; check the permissions of "${folder}", or name another file`;
  return new CommandError(`Cannot write "${file}": ${why}`, EXIT.usage, { cause });
}
