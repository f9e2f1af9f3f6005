import { existsSync } from "node:fs";
import { SourceError } from "@sluice/sources";
import { ConfigError, runUntilSignal } from "@sluice/service";
import { CommanderError } from "commander";
import { CommandError, EXIT } from "./exit-codes.ts";
import { createProgram } from "./program.ts";

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
  return EXIT.unexpected;
}

/** Foreseen errors speak for themselves; only with the unexpected does the stack help. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (exitCodeOf(error) === EXIT.unexpected && process.env["SLUICE_LOG_LEVEL"] === "debug") {
    return error.stack ?? error.message;
  }
  return error.message;
}
