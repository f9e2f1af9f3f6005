import { existsSync } from "node:fs";
import { SourceError } from "@sluice/sources";
import { ConfigError, runUntilSignal } from "@sluice/service";
import { CommanderError } from "commander";
import { CommandError, EXIT } from "./exit-codes.ts";
import { createProgram } from "./program.ts";

const CONFIGURATION_HINT =
  "Set it in the environment or in .env (.env.example has every variable); sluice sandbox and sluice demo need none.";

if (existsSync(".env")) process.loadEnvFile(".env");

try {
  await runUntilSignal(async (signal) => {
    const program = createProgram(signal, (exitCode) => {
      process.exitCode = exitCode;
    });
    await program.parseAsync();
  });
} catch (error) {
  process.exitCode = exitCodeOf(error);
  if (!(error instanceof CommanderError)) process.stderr.write(`sluice: ${messageOf(error)}\n`);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof ConfigError || error instanceof SourceError) return EXIT.usage;
  return isStop(error) ? EXIT.stopped : EXIT.unexpected;
}

/** Ctrl-C while a command waited for something that can be begun again. */
function isStop(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** Errors speak for themselves; the stack is for whoever looks for a mistake in here. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (isStop(error)) return "stopped";
  if (process.env["SLUICE_LOG_LEVEL"] === "debug") return error.stack ?? error.message;
  if (exitCodeOf(error) === EXIT.unexpected)
    return `${error.message}\n(SLUICE_LOG_LEVEL=debug shows where)`;
  return error instanceof ConfigError ? `${error.message}\n${CONFIGURATION_HINT}` : error.message;
}
