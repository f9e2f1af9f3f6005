import { readFileSync } from "node:fs";
import { z } from "zod";
import { Secret } from "./secret.ts";

/** Every mistake in a configuration, by the name of its variable. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code = "ERR_CONFIG";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `Cannot start with this configuration:\n${problems.map((line) => `  ${line}`).join("\n")}`,
    );
    this.problems = problems;
  }
}

/**
 * A variable whose value must not be seen. Its value may also stand in the file that `NAME_FILE` names, without the
 * line ends at its end; the variable itself goes first.
 */
export function secret() {
  return z
    .string()
    .transform((value) => new Secret(value))
    .meta({ isSecret: true });
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a configuration from environment variables: the schema's keys are their names. A blank value is an unset one.
 * Throws one `ConfigError` with every problem; values of secrets never stand in it.
 */
export function loadConfig<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  environment: Environment,
): Readonly<z.output<z.ZodObject<Shape>>> {
  const problems = new Map<string, string>();
  const values: Record<string, string> = {};
  for (const [name, field] of Object.entries(schema.shape)) {
    const read = isSecret(field) ? readSecret(name, environment) : readPlain(name, environment);
    if (read.kind === "value") values[name] = read.value;
    if (read.kind === "unreadable") problems.set(name, read.problem);
  }
  const parsed = schema.safeParse(values);
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0]);
    if (!problems.has(name)) problems.set(name, describe(name, issue, values[name], schema));
  }
  if (problems.size > 0 || !parsed.success) throw new ConfigError([...problems.values()]);
  return Object.freeze(parsed.data);
}

/** Variables of ours that no schema knows: a misspelt name would otherwise silently do nothing. */
export function unknownVariables(
  prefix: string,
  known: readonly string[],
  environment: Environment,
): string[] {
  const names = new Set(known.flatMap((name) => [name, `${name}_FILE`]));
  return Object.keys(environment)
    .filter((name) => name.startsWith(prefix) && !names.has(name))
    .map((name) => `${name}: there is no such variable; see .env.example`);
}

function isSecret(field: unknown): boolean {
  if (field instanceof z.ZodOptional) return isSecret(field.unwrap());
  return field instanceof z.ZodType && field.meta()?.["isSecret"] === true;
}

type Read =
  | { kind: "value"; value: string }
  | { kind: "unset" }
  | { kind: "unreadable"; problem: string };

function readPlain(name: string, environment: Environment): Read {
  const value = environment[name] ?? "";
  return value.trim() === "" ? { kind: "unset" } : { kind: "value", value };
}

function readSecret(name: string, environment: Environment): Read {
  const direct = readPlain(name, environment);
  const file = readPlain(`${name}_FILE`, environment);
  if (direct.kind === "value" || file.kind !== "value") return direct;
  const read = readSecretFile(file.value);
  if (read.kind === "value") return read;
  return { kind: "unreadable", problem: `${name}_FILE: ${read.problem}` };
}

/** The secret that a file holds, without the line ends at its end, or why it holds none. */
export function readSecretFile(
  path: string,
): { kind: "value"; value: string } | { kind: "unreadable"; problem: string } {
  try {
    const value = readFileSync(path, "utf8").replace(/[\r\n]+$/, "");
    if (value.trim() !== "") return { kind: "value", value };
    return { kind: "unreadable", problem: `"${path}" is empty; write the secret into it` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const problem = `cannot read "${path}" (${code}); check path and permissions`;
    return { kind: "unreadable", problem };
  }
}

function describe(
  name: string,
  issue: z.core.$ZodIssue,
  value: string | undefined,
  schema: z.ZodObject,
): string {
  const field = schema.shape[name];
  if (value === undefined) {
    const hint = field instanceof z.ZodType ? field.meta()?.description : undefined;
    return `${name}: is not set${hint ? ` (${hint})` : ""}`;
  }
  const shown = isSecret(field) ? "[secret]" : JSON.stringify(withoutCredentials(value));
  return `${name}: ${shown} cannot be used: ${issue.message}`;
}

/** What stands before an `@` may be the password of a URL, even of one that is no URL for a typing mistake. */
function withoutCredentials(value: string): string {
  return value.replace(/^.*@/s, "[secret]@");
}
