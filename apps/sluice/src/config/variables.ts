import { ALL_SETTINGS, ConfigError, loadConfig, unknownVariables } from "@sluice/service";
import type { z } from "zod";
import { withGateway } from "./gateway-setting.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the variables of a schema. Throws one `ConfigError` with every mistake, misspelt names among them. */
export function readVariables<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  environment: Environment,
) {
  const gateway = withGateway(environment);
  const problems = [
    ...gateway.problems,
    ...unknownVariables("SLUICE_", Object.keys(ALL_SETTINGS.shape), environment),
  ];
  return together(
    () => loadConfig(schema, gateway.environment),
    () => {
      if (problems.length > 0) throw new ConfigError(problems);
    },
  )[0];
}

/** Reads two parts of a configuration; every mistake in either is told at once. */
export function together<First, Second>(first: () => First, second: () => Second): [First, Second] {
  const problems: string[] = [];
  const one = attempt(first, problems);
  const other = attempt(second, problems);
  if (one === null || other === null) throw new ConfigError([...new Set(problems)]);
  return [one.value, other.value];
}

function attempt<Value>(read: () => Value, problems: string[]): { value: Value } | null {
  try {
    return { value: read() };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return null;
  }
}
