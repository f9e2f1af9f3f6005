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

const secrets = new WeakSet<z.ZodType>();

/** A variable whose value must not be seen. Its value may also stand in the file that `NAME_FILE` names. */
export function secret() {
  const schema = z.string().transform((value) => new Secret(value));
  secrets.add(schema);
  return schema;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a configuration from environment variables: the schema's keys are their names. An empty value is an unset one.
 * Throws one `ConfigError` with every problem; values of secrets never stand in it.
 */
export function loadConfig<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  environment: Environment,
): Readonly<z.output<z.ZodObject<Shape>>> {
  const problems: string[] = [];
  const values: Record<string, string> = {};
  for (const [name, field] of Object.entries(schema.shape)) {
    const value = isSecret(field) ? readSecret(name, environment, problems) : environment[name];
    if (value !== undefined && value !== "") values[name] = value;
  }
  const parsed = schema.safeParse(values);
  if (!parsed.success)
    problems.push(...parsed.error.issues.map((issue) => describe(issue, values, schema)));
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems);
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
  return field instanceof z.ZodType && secrets.has(field);
}

function readSecret(
  name: string,
  environment: Environment,
  problems: string[],
): string | undefined {
  const direct = environment[name];
  const path = environment[`${name}_FILE`];
  if (direct) return direct;
  if (!path) return undefined;
  try {
    return readFileSync(path, "utf8").trimEnd();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    problems.push(`${name}_FILE: cannot read "${path}" (${code}); check path and permissions`);
    return undefined;
  }
}

function describe(
  issue: z.core.$ZodIssue,
  values: Record<string, string>,
  schema: z.ZodObject,
): string {
  const name = String(issue.path[0] ?? "");
  const field = schema.shape[name];
  const value = values[name];
  if (value === undefined) {
    const hint = field instanceof z.ZodType ? field.meta()?.description : undefined;
    return `${name}: is not set${hint ? ` (${hint})` : ""}`;
  }
  const shown = isSecret(field) ? "[secret]" : JSON.stringify(value);
  return `${name}: ${shown} cannot be used: ${issue.message}`;
}
